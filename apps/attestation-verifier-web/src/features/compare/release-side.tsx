import { useId, useState, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { RELEASE_TAG } from "../../permalink.ts";
import css from "./compare.module.css";

interface ReleaseSideProps {
  /** Null until there is something to compare. */
  readonly onTag: ((tag: string) => void) | null;
  /** What became of the last question. */
  readonly note: string;
}

/** The release to compare with, by its tag. */
export function ReleaseSide({ onTag, note }: ReleaseSideProps): ReactElement {
  const id = useId();
  const [tag, setTag] = useState("");
  const [complaint, setComplaint] = useState("");
  function ask(): void {
    const wanted = tag.trim();
    const isTag = RELEASE_TAG.test(wanted);
    setComplaint(isTag ? "" : TEXT.input.badTag);
    if (isTag) onTag?.(wanted);
  }
  return (
    <form
      className={css["picker"]}
      onSubmit={(event) => {
        event.preventDefault();
        ask();
      }}
    >
      <label htmlFor={id}>{TEXT.compare.release}</label>
      <input
        id={id}
        maxLength={64}
        spellCheck={false}
        autoComplete="off"
        placeholder="mero-kms-v…"
        value={tag}
        onChange={(event) => setTag(event.target.value)}
      />
      <button type="submit" disabled={onTag === null}>
        {TEXT.compare.withRelease}
      </button>
      <p>{TEXT.compare.releaseHint}</p>
      <p role="status">{complaint === "" ? note : complaint}</p>
    </form>
  );
}
