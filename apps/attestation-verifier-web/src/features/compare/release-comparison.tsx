import type { Report, StepId } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { RegisterTable } from "../diff/register-table.tsx";
import { MannerContext, mannerOf } from "../report/report-context.ts";
import css from "./compare.module.css";
import { signedRegisters } from "./signed-registers.ts";

interface ReleaseComparisonProps {
  readonly tag: string;
  /** Of the evidence, judged with that release alone. */
  readonly report: Report;
}

const ABOUT_THE_RELEASE: ReadonlySet<StepId> = new Set([
  "rel.select",
  "rel.sigstore",
  "rel.measurements",
  "rel.profile",
  "rel.compat",
]);

/** The registers of the evidence beside those of a release, and who signed them. It is no verdict: nothing else is looked at. */
export function ReleaseComparison({ tag, report }: ReleaseComparisonProps): ReactElement {
  const manner = mannerOf(report);
  const registers = signedRegisters(report);
  const differing = registers.filter(({ outcome }) => outcome === "mismatch");
  return (
    <MannerContext value={manner}>
      <section className={css["result"]} data-class={manner.isSimulated ? "simulated" : "production"}>
        <h2>{TEXT.compare.besides(tag)}</h2>
        {registers.length > 0 && (
          <p>{differing.length === 0 ? TEXT.compare.fits : TEXT.compare.differ(differing.length)}</p>
        )}
        <RegisterTable facts={{ ...report.facts, registers }} />
        <h2>{TEXT.compare.aboutRelease}</h2>
        <ul className={css["steps"]}>
          {report.steps
            .filter(({ id }) => ABOUT_THE_RELEASE.has(id))
            .map(({ id, title, status, summary }) => (
              <li key={id} data-step={id} data-status={status}>
                <StatusMark status={status} isSimulated={manner.isSimulated} />
                <span>
                  {manner.say(title)}: {manner.say(printable(summary))}
                </span>
              </li>
            ))}
        </ul>
      </section>
    </MannerContext>
  );
}
