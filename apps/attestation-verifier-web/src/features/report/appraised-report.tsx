import type { Supply } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { useNow } from "../../use-check.ts";
import { type Check, type Outcome, type Source, SOURCES } from "../../worker/protocol.ts";
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

/** Sources that were asked and did not answer. What an evidence file lacks stays so: it is judged by what was saved. */
function sourcesLacking({ request, earlier }: Outcome): readonly Source[] {
  const supplies = {
    collateral: request.collateral,
    "early-collateral": request.earlyCollateral,
    releases: request.releases,
    opinion: request.trustAuthority,
  } satisfies Record<Source, Supply<unknown>>;
  if (earlier !== null) return [];
  return SOURCES.filter((source) => supplies[source].status === "unavailable");
}

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
          <StepsInQuestion
            report={report}
            lacking={BUILD.flavour === "single" ? [] : sourcesLacking(outcome)}
            onRetry={() => session.check(check)}
            onFetchAgain={(source) => session.fetchAgain(source)}
          />
          <Cards outcome={outcome} />
        </div>
        <aside className={css["rail"]}>
          <StepList steps={report.steps} isLinked />
        </aside>
      </article>
    </MannerContext>
  );
}
