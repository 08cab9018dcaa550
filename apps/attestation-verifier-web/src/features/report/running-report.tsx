import type { Step } from "@mero-tee/appraisal";
import { useState, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { VerdictIcon } from "../../ui/verdict-icon.tsx";
import { useNow } from "../../use-check.ts";
import type { Check } from "../../worker/protocol.ts";
import css from "./report.module.css";
import { StepList } from "./step-list.tsx";
import { SubjectLine } from "./subject-line.tsx";

interface RunningReportProps {
  readonly check: Check;
  readonly steps: readonly Step[];
  readonly startedAtMs: number;
}

/** How often progress is spoken. */
const SPOKEN_EVERY_MS = 2000;

/** A check under way: no colour of any verdict, and room for the one that comes. */
export function RunningReport({ check, steps, startedAtMs }: RunningReportProps): ReactElement {
  const { session, go } = usePage();
  const now = useNow(true);
  const done = steps.filter(({ status }) => status !== "pending" && status !== "running").length;
  const turn = Math.floor(now / SPOKEN_EVERY_MS);
  const [spoken, setSpoken] = useState({ turn, text: "" });
  if (spoken.turn !== turn) setSpoken({ turn, text: TEXT.report.progress(done, steps.length) });
  function cancel(): void {
    session.cancel();
    go(check.origin === "file" ? "/offline" : `/${check.kind}`);
  }
  return (
    <div className={css["layout"]} data-phase="running">
      <section className={css["band"]} data-verdict="open" aria-busy="true">
        <VerdictIcon verdict={null} />
        <div>
          <h1>{TEXT.report.checking}</h1>
          <SubjectLine check={check} />
          <p className={css["sentence"]}>{TEXT.report.elapsed(Math.max(0, Math.floor((now - startedAtMs) / 1000)))}</p>
          <div className={css["actions"]}>
            <button type="button" onClick={cancel}>
              {TEXT.report.cancel}
            </button>
          </div>
        </div>
        <p className={css["spoken"]} aria-live="polite">
          {spoken.text}
        </p>
      </section>
      <aside className={css["rail"]}>
        <StepList steps={steps} isLinked={false} />
      </aside>
    </div>
  );
}
