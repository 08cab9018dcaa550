import { lazy, Suspense, type ReactElement, type ReactNode } from "react";

import { TEXT } from "../../messages.ts";
import { StatusMark } from "../../ui/status-mark.tsx";
import { Term } from "../../ui/term.tsx";
import type { Outcome } from "../../worker/protocol.ts";
import { RegisterTable } from "../diff/register-table.tsx";
import { ChainView } from "./chain-view.tsx";
import { CARD_IDS, type CardId, stepsOfCard, worstStatus } from "./card-layout.ts";
import { DeploymentView } from "./deployment-view.tsx";
import { OpinionView } from "./opinion-view.tsx";
import { ReportDataView } from "./report-data-view.tsx";
import { useManner } from "./report-context.ts";
import css from "./report.module.css";
import { SignatureTable } from "./signature-table.tsx";
import { StepView } from "./step-view.tsx";
import { TcbView } from "./tcb-view.tsx";

const ReplayView = lazy(async () => ({ default: (await import("../replay/replay-view.tsx")).ReplayView }));
const RawEvidence = lazy(async () => ({ default: (await import("../raw/raw-evidence.tsx")).RawEvidence }));

/** The words of the glossary that belong to a card. */
const CARD_TERMS: Readonly<Record<CardId, readonly (readonly [id: string, word: string])[]>> = {
  freshness: [
    ["challenge", "challenge"],
    ["report-data", "report data"],
  ],
  hardware: [
    ["pck-certificate", "PCK certificate"],
    ["collateral", "collateral"],
    ["tcb-status", "TCB status"],
    ["quoting-enclave", "quoting enclave"],
  ],
  runs: [
    ["mrtd", "MRTD"],
    ["rtmr", "RTMR"],
    ["profile", "profile"],
    ["attestation-policy", "policy"],
  ],
  started: [["event-log", "event log"]],
  deployment: [
    ["compose-hash", "compose hash"],
    ["dstack", "dstack"],
  ],
  release: [
    ["sigstore", "Sigstore"],
    ["transparency-log", "transparency log"],
  ],
  opinion: [["intel-trust-authority", "Intel Trust Authority"]],
  limits: [],
  raw: [["quote", "quote"]],
};

/** Everything that the verdict rests on, in the order in which one would ask. */
export function Cards({ outcome }: { readonly outcome: Outcome }): ReactElement {
  return (
    <div className={css["cards"]}>
      {CARD_IDS.map((card) => (
        <Card key={card} id={card} outcome={outcome} />
      ))}
    </div>
  );
}

function Card({ id, outcome }: { readonly id: CardId; readonly outcome: Outcome }): ReactElement | null {
  const { isSimulated } = useManner();
  const steps = stepsOfCard(outcome.report.steps, id);
  if (id !== "limits" && steps.length === 0) return null;
  const terms = CARD_TERMS[id];
  return (
    <section className={css["card"]} id={`card-${id}`} aria-labelledby={`card-${id}-title`}>
      <header>
        <h2 id={`card-${id}-title`}>{TEXT.cards[id].title}</h2>
        {id !== "limits" && <StatusMark status={worstStatus(steps)} isSimulated={isSimulated} />}
      </header>
      <p className={css["summary"]}>
        {TEXT.cards[id].summary}
        {terms.length > 0 && (
          <span className={css["words"]}>
            {terms.map(([term, word]) => (
              <Term key={term} id={term}>
                {word}
              </Term>
            ))}
          </span>
        )}
      </p>
      <CardView id={id} outcome={outcome} />
      {steps.map((step) => (
        <StepView key={step.id} step={step} />
      ))}
    </section>
  );
}

/** What a card shows besides its steps. */
function CardView({ id, outcome }: { readonly id: CardId; readonly outcome: Outcome }): ReactNode {
  const { facts } = outcome.report;
  switch (id) {
    case "freshness":
      return facts.quote === null ? null : (
        <ReportDataView reportData={facts.quote.reportData} steps={outcome.report.steps} />
      );
    case "hardware":
      return (
        <>
          <TcbView facts={facts} />
          <ChainView chain={facts.chain} />
        </>
      );
    case "runs":
      return <RegisterTable facts={facts} />;
    case "started":
      return (
        <Suspense fallback={null}>
          <ReplayView traces={facts.replay} />
        </Suspense>
      );
    case "release":
      return <SignatureTable signatures={facts.signatures} />;
    case "limits":
      return (
        <ul className={css["limits"]}>
          {TEXT.limits.map((limit) => (
            <li key={limit}>{limit}</li>
          ))}
        </ul>
      );
    case "raw":
      return (
        <Suspense fallback={null}>
          <RawEvidence outcome={outcome} />
        </Suspense>
      );
    case "deployment":
      return <DeploymentView facts={facts} />;
    case "opinion":
      return <OpinionView rows={facts.opinion} />;
  }
}
