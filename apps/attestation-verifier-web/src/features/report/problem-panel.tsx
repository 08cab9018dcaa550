import { useEffect, useRef, type ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import type { Check, Problem } from "../../worker/protocol.ts";
import { VerdictIcon } from "../../ui/verdict-icon.tsx";
import css from "./report.module.css";
import { SubjectLine } from "./subject-line.tsx";

interface ProblemPanelProps {
  readonly problem: Problem;
  readonly check: Check;
  readonly onRetry: () => void;
}

/** There is no result: what was tried, what came of it, what can be done. Nothing of the target's own text is shown. */
export function ProblemPanel({ problem, check, onRetry }: ProblemPanelProps): ReactElement {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const hints: Readonly<Record<string, string>> = TEXT.problem.hints;
  const what: Readonly<Record<string, string>> = TEXT.problem.what;
  return (
    <div className={css["layout"]}>
      <section className={css["band"]} data-verdict="incomplete">
        <VerdictIcon verdict="incomplete" />
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {TEXT.verdict.incomplete}
          </h1>
          <SubjectLine check={check} />
          <p className={css["sentence"]}>{what[problem.code] ?? TEXT.problem.what.other}</p>
          <dl className={css["problem"]}>
            <dt>{TEXT.problem.code}</dt>
            <dd>
              <code>{problem.code}</code>
            </dd>
            {problem.facts.length > 0 && (
              <>
                <dt>{TEXT.problem.tried}</dt>
                {problem.facts.map((fact) => (
                  <dd key={fact}>{fact}</dd>
                ))}
              </>
            )}
            <dt>{TEXT.problem.todo}</dt>
            <dd>{hints[problem.code] ?? TEXT.problem.hints.other}</dd>
            {problem.retryAfterSeconds !== null && <dd>{TEXT.problem.wait(problem.retryAfterSeconds)}</dd>}
          </dl>
          <div className={css["actions"]}>
            <button type="button" onClick={onRetry}>
              {TEXT.problem.again}
            </button>
          </div>
        </div>
      </section>
    </div>
  );
}
