import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { useNow } from "../../use-check.ts";
import type { Check, Outcome } from "../../worker/protocol.ts";
import { Cards } from "./cards.tsx";
import { EarlierNote } from "./earlier-note.tsx";
import { MannerContext, mannerOf } from "./report-context.ts";
import css from "./report.module.css";
import { StepList } from "./step-list.tsx";
import { StepsInQuestion } from "./steps-in-question.tsx";
import { VerdictBand } from "./verdict-band.tsx";

interface AppraisedReportProps {
  readonly check: Check;
  readonly outcome: Outcome;
  readonly finishedAtMs: number;
}

const STALE_AFTER_MS = 10 * 60_000;

/** A finished check: the verdict first, then what is open, then everything that it rests on. */
export function AppraisedReport({ check, outcome, finishedAtMs }: AppraisedReportProps): ReactElement {
  const { session } = usePage();
  const { report } = outcome;
  const manner = mannerOf(report);
  const ageMs = useNow(true) - finishedAtMs;
  return (
    <MannerContext value={manner}>
      <article className={css["layout"]} data-class={report.class} data-verdict={report.verdict}>
        <div className={css["main"]}>
          {ageMs >= STALE_AFTER_MS && check.origin === "live" && (
            <p className={css["note"]} role="status">
              {TEXT.report.stale(Math.floor(ageMs / 60_000))}{" "}
              <button type="button" onClick={() => session.check(check)}>
                {TEXT.report.again}
              </button>
            </p>
          )}
          <VerdictBand check={check} outcome={outcome} />
          {outcome.differingServerVerdict !== null && (
            <p className={css["alarm"]} role="alert">
              {TEXT.report.differsFromServer}
            </p>
          )}
          <EarlierNote outcome={outcome} />
          <StepsInQuestion report={report} onRetry={() => session.check(check)} />
          <Cards outcome={outcome} />
        </div>
        <aside className={css["rail"]}>
          <StepList steps={report.steps} isLinked />
        </aside>
      </article>
    </MannerContext>
  );
}
