import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { readableTime } from "../../readable-time.ts";
import { VerdictIcon } from "../../ui/verdict-icon.tsx";
import type { Outcome } from "../../worker/protocol.ts";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

/** For an evidence file that was opened again: what it came to when it was saved, and what it comes to today. */
export function EarlierNote({ outcome }: { readonly outcome: Outcome }): ReactElement | null {
  const { say } = useManner();
  const { earlier, report } = outcome;
  if (earlier === null) return null;
  const changed = report.steps.filter(({ id }) => earlier.changedSteps.includes(id));
  return (
    <section className={css["earlier"]}>
      {!earlier.digestMatches && (
        <p className={css["alarm"]} role="alert">
          {TEXT.report.bundleDigestWrong}
        </p>
      )}
      <table>
        <tbody>
          <tr>
            <th scope="row">{TEXT.report.asOf(readableTime(earlier.report.judgedAt))}</th>
            <td>
              <VerdictIcon verdict={earlier.report.verdict} /> {TEXT.verdict[earlier.report.verdict]}
            </td>
          </tr>
          <tr>
            <th scope="row">{TEXT.report.today}</th>
            <td>
              <VerdictIcon verdict={report.verdict} /> {TEXT.verdict[report.verdict]}
            </td>
          </tr>
        </tbody>
      </table>
      {changed.length === 0 ? (
        <p>{TEXT.report.noChange}</p>
      ) : (
        <p>
          {TEXT.report.changed}: {changed.map(({ title }) => say(title)).join(", ")}
        </p>
      )}
    </section>
  );
}
