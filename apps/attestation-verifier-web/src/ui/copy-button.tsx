import { useState, type ReactElement } from "react";

import { TEXT } from "../messages.ts";
import css from "./copy-button.module.css";

interface CopyButtonProps {
  readonly text: string;
  /** What is copied, for those who only hear the button. */
  readonly what: string;
  /** What stands on the button, where that is not just "Copy". */
  readonly label?: string;
}

/** Copies a text, and says so to eye and ear. */
export function CopyButton({ text, what, label }: CopyButtonProps): ReactElement {
  const [outcome, setOutcome] = useState<"idle" | "copied" | "refused">("idle");
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      setOutcome("copied");
    } catch {
      // The browser or the reader refused; the value is on the screen and can be marked by hand.
      setOutcome("refused");
    }
  }
  return (
    <span className={css["copy"]}>
      <button type="button" onClick={() => void copy()} aria-label={label ?? `${TEXT.copy.action} ${what}`}>
        {label ?? TEXT.copy.action}
      </button>
      <span role="status">{outcome === "idle" ? "" : TEXT.copy[outcome]}</span>
    </span>
  );
}
