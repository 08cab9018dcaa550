import type { Step } from "@mero-tee/appraisal";
import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { printable } from "../../printable.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { EvidenceItems } from "./evidence-items.tsx";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";

/** One step: what was compared with what, why that matters, and the values. */
export function StepView({ step }: { readonly step: Step }): ReactElement {
  const { isSimulated, say } = useManner();
  return (
    <section className={css["step"]} id={`step-${step.id}`} data-step={step.id} data-status={step.status}>
      <header>
        <h3>{say(step.title)}</h3>
        <StatusMark status={step.status} isSimulated={isSimulated} />
        <small>{step.required ? TEXT.report.required1 : TEXT.report.optional}</small>
      </header>
      <p>
        {say(printable(step.summary))}
        {step.code !== undefined && (
          <>
            {" "}
            <code className={css["code"]}>{printable(step.code)}</code>
          </>
        )}
      </p>
      <div className={css["more"]}>
        {step.why !== undefined && (
          <details>
            <summary>{TEXT.report.why}</summary>
            <p>{say(step.why)}</p>
          </details>
        )}
        {step.evidence.length > 0 && (
          <details>
            <summary>{TEXT.report.details}</summary>
            <EvidenceItems items={step.evidence} />
          </details>
        )}
      </div>
    </section>
  );
}
