import type { ReactElement } from "react";

import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { usePage } from "../../page.ts";
import { PageLink } from "../../ui/page-link.tsx";
import { useCheck } from "../../use-check.ts";
import { AppraisedReport } from "./appraised-report.tsx";
import { ProblemPanel } from "./problem-panel.tsx";
import css from "./report.module.css";
import { RunningReport } from "./running-report.tsx";

/** The check of this tab: under way, finished, or refused. */
export function ReportScreen(): ReactElement {
  const state = useCheck();
  const { session } = usePage();
  switch (state.phase) {
    case "idle":
      return <NoReport />;
    case "running":
      return <RunningReport steps={state.steps} check={state.check} startedAtMs={state.startedAtMs} />;
    case "refused":
      return <ProblemPanel problem={state.problem} check={state.check} onRetry={() => session.check(state.check)} />;
    case "appraised":
      return <AppraisedReport key={state.finishedAtMs} {...state} />;
  }
}

function NoReport(): ReactElement {
  const { link } = usePage();
  const start = BUILD.flavour === "single" ? "/offline" : link.kind === null ? "/" : (`/${link.kind}` as const);
  return (
    <div className={css["empty"]}>
      <h1>{TEXT.report.none}</h1>
      <p>{TEXT.report.noneHint}</p>
      <p>
        <PageLink to={start} className={css["primary"]}>
          {link.url === null ? TEXT.report.start : TEXT.report.again}
        </PageLink>
      </p>
    </div>
  );
}
