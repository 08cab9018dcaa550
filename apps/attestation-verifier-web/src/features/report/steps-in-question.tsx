import type { Report, Step } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

interface StepsInQuestionProps {
  readonly report: Report;
  readonly onRetry: () => void;
}

/** What speaks against the evidence, then what was not checked, then what there is to know: before any detail. */
export function StepsInQuestion({ report, onRetry }: StepsInQuestionProps): ReactElement {
  const shown = report.steps.filter(({ id }) => id !== "verdict");
  const wrong = shown.filter(({ status }) => status === "fail");
  const missing = shown.filter(({ status, required }) => required && (status === "skip" || status === "error"));
  const reservations = shown.filter(({ status }) => status === "warn");
  const unasked = shown.filter(({ status, required }) => !required && (status === "skip" || status === "error"));
  return (
    <>
      <Group title={TEXT.report.wrong} steps={wrong} />
      <Group
        title={TEXT.report.missing}
        hint={TEXT.report.missingWhy}
        steps={missing}
        {...(missing.some(({ status }) => status === "error") ? { onRetry } : {})}
      />
      <Group title={TEXT.report.reservations} steps={reservations} />
      <Group title={TEXT.report.unasked} steps={unasked} isQuiet />
    </>
  );
}

interface GroupProps {
  readonly title: string;
  readonly hint?: string;
  readonly steps: readonly Step[];
  readonly isQuiet?: boolean;
  readonly onRetry?: () => void;
}

function Group({ title, hint, steps, isQuiet = false, onRetry }: GroupProps): ReactElement | null {
  const { isSimulated, say } = useManner();
  if (steps.length === 0) return null;
  const list = (
    <ul>
      {steps.map((step) => (
        <li key={step.id}>
          <StatusMark status={step.status} isSimulated={isSimulated} />
          <span>
            <a href={`#step-${step.id}`}>{say(step.title)}</a>: {say(printable(step.summary))}
          </span>
        </li>
      ))}
    </ul>
  );
  if (isQuiet) {
    return (
      <details className={css["group"]}>
        <summary>{`${title} (${steps.length})`}</summary>
        {list}
      </details>
    );
  }
  return (
    <section className={css["group"]}>
      <h2>{title}</h2>
      {hint !== undefined && <p>{hint}</p>}
      {list}
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          {TEXT.report.retry}
        </button>
      )}
    </section>
  );
}
