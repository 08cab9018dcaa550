import type { ReactElement } from "react";

import { printable } from "../../printable.ts";
import css from "./raw.module.css";

interface RawTextProps {
  readonly text: string;
  /** What it is, for those who only hear that they are in it. */
  readonly name: string;
}

/** A long text in a window of its own, which the keys reach and scroll. */
export function RawText({ text, name }: RawTextProps): ReactElement {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reached without a mouse
    <pre className={css["text"]} tabIndex={0} role="group" aria-label={name}>
      {printable(text)}
    </pre>
  );
}
