import type { Step } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

interface StepListProps {
  readonly steps: readonly Step[];
  /** Whether each step leads to its place on a card. */
  readonly isLinked: boolean;
}

/** Every step in its final order, with its state. */
export function StepList({ steps, isLinked }: StepListProps): ReactElement {
  const { isSimulated, say } = useManner();
  const shown = steps.filter(({ id }) => id !== "verdict");
  return (
    <nav className={css["steps"]} aria-label={TEXT.report.steps}>
      <h2>{TEXT.report.steps}</h2>
      <ol>
        {shown.map(({ id, title, status, required }) => (
          <li key={id} data-status={status}>
            <StatusMark status={status} isSimulated={isSimulated} isBare />
            {isLinked ? <a href={`#step-${id}`}>{say(title)}</a> : <span>{say(title)}</span>}
            {!required && <small>{TEXT.report.optional}</small>}
          </li>
        ))}
      </ol>
    </nav>
  );
}
