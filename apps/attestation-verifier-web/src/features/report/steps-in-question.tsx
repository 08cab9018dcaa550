import type { Report, Step, StepId } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import type { Source } from "../../worker/protocol.ts";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

interface StepsInQuestionProps {
  readonly report: Report;
  /** Sources that did not answer, and may now. */
  readonly lacking: readonly Source[];
  readonly onRetry: () => void;
  readonly onFetchAgain: (source: Source) => void;
}

/** The step that says of a source that nothing came from it. */
const SOURCE_OF: Readonly<Partial<Record<StepId, Source>>> = {
  "dcap.collateral": "collateral",
  "tcb.baseline": "early-collateral",
  "rel.select": "releases",
  "ita.token": "opinion",
};

/** What speaks against the evidence, then what was not checked, then what there is to know: before any detail. */
export function StepsInQuestion({ report, lacking, onRetry, onFetchAgain }: StepsInQuestionProps): ReactElement {
  const shown = report.steps.filter(({ id }) => id !== "verdict");
  const wrong = shown.filter(({ status }) => status === "fail");
  const missing = shown.filter(({ status, required }) => required && (status === "skip" || status === "error"));
  const reservations = shown.filter(({ status }) => status === "warn");
  const again = { lacking, onFetchAgain };
  const unasked = shown.filter(({ status, required }) => !required && (status === "skip" || status === "error"));
  return (
    <>
      <Group title={TEXT.report.wrong} steps={wrong} />
      <Group
        title={TEXT.report.missing}
        hint={TEXT.report.missingWhy}
        steps={missing}
        {...again}
        {...(missing.some(({ status }) => status === "error") ? { onRetry } : {})}
      />
      <Group title={TEXT.report.reservations} steps={reservations} />
      <Group title={TEXT.report.unasked} steps={unasked} {...again} isQuiet />
    </>
  );
}

interface GroupProps {
  readonly title: string;
  readonly hint?: string;
  readonly steps: readonly Step[];
  readonly isQuiet?: boolean;
  readonly onRetry?: () => void;
  readonly lacking?: readonly Source[];
  readonly onFetchAgain?: (source: Source) => void;
}

function Group({
  title,
  hint,
  steps,
  isQuiet = false,
  onRetry,
  lacking,
  onFetchAgain,
}: GroupProps): ReactElement | null {
  const { isSimulated, say } = useManner();
  if (steps.length === 0) return null;
  const list = (
    <ul>
      {steps.map((step) => {
        const source = SOURCE_OF[step.id];
        return (
          <li key={step.id}>
            <StatusMark status={step.status} isSimulated={isSimulated} />
            <span>
              <a href={`#step-${step.id}`}>{say(step.title)}</a>: {say(printable(step.summary))}{" "}
              {onFetchAgain !== undefined && source !== undefined && lacking?.includes(source) === true && (
                <button type="button" onClick={() => onFetchAgain(source)}>
                  {TEXT.report.fetchAgain[source]}
                </button>
              )}
            </span>
          </li>
        );
      })}
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
