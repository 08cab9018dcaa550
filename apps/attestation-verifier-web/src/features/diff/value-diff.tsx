import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { describeDiff, diffValues } from "../../register-diff.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import css from "./diff.module.css";

interface ValueDiffViewProps {
  readonly expected: string;
  readonly observed: string;
  readonly name: string;
  /** What the two values are, where not release and quote. */
  readonly labels?: readonly [expected: string, observed: string];
}

/** Two values character by character: equal groups step back, each difference is underlined and marked below. */
export function ValueDiffView({ expected, observed, name, labels }: ValueDiffViewProps): ReactElement {
  const diff = diffValues(expected, observed);
  const [left, right] = labels ?? [TEXT.diff.expected, TEXT.diff.observed];
  return (
    <figure className={css["diff"]}>
      <div className={css["groups"]} aria-hidden="true" translate="no">
        <span className={css["labels"]}>
          <span>{right}</span>
          <span>{left}</span>
          <span />
        </span>
        {diff.groups.map((group, index) => (
          // Groups never move: their place is their name.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={index} className={css["group"]} data-equal={group.isEqual}>
            <Characters text={group.observed} marks={group.marks} />
            <Characters text={group.expected} marks={group.marks} />
            <span className={css["marks"]}>{group.marks}</span>
          </span>
        ))}
      </div>
      <figcaption>
        <span>
          {name} {describeDiff(diff)}
        </span>
        <span>
          {right} <CopyButton text={observed} what={`${name}, ${right}`} />
        </span>
        <span>
          {left} <CopyButton text={expected} what={`${name}, ${left}`} />
        </span>
      </figcaption>
    </figure>
  );
}

/** A group with its differing characters underlined; runs of one kind stay one element. */
function Characters({ text, marks }: { readonly text: string; readonly marks: string }): ReactElement {
  return (
    <span>
      {Array.from(marks.matchAll(/\^+| +/g), ({ 0: run, index }) => {
        const part = text.slice(index, index + run.length);
        return run.startsWith("^") ? <u key={index}>{part}</u> : <span key={index}>{part}</span>;
      })}
    </span>
  );
}
