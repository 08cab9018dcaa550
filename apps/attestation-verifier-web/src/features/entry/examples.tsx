import type { ReactElement } from "react";

import { BUILD } from "../../build-facts.ts";
import { TEXT } from "../../messages.ts";
import { loadSimulatedExamples, type SimulatedExample } from "../../simulated-examples-client.ts";
import type { TargetKind } from "../../target-address.ts";
import { PageLink } from "../../ui/page-link.tsx";
import { useLoaded } from "../../use-loaded.ts";
import css from "./entry.module.css";

const NO_EXAMPLES: readonly SimulatedExample[] = [];

interface ExamplesProps {
  readonly kind: TargetKind | null;
  readonly onChoose: (address: string) => void;
}

/** Things to try: addresses of the running simulated platform, or the pages that show what a check says. */
export function Examples({ kind, onChoose }: ExamplesProps): ReactElement | null {
  return BUILD.flavour === "sim" ? (
    <SimulatedExamples kind={kind} onChoose={onChoose} />
  ) : kind === null ? (
    <Pointers />
  ) : null;
}

function Pointers(): ReactElement {
  return (
    <p className={css["examples"]}>
      {TEXT.entry.pointers}: <PageLink to="/kms">{TEXT.entry["/kms"].title}</PageLink>{" "}
      <PageLink to="/node">{TEXT.entry["/node"].title}</PageLink>{" "}
      <PageLink to="/offline">{TEXT.offline.title}</PageLink>
    </p>
  );
}

function SimulatedExamples({ kind, onChoose }: ExamplesProps): ReactElement | null {
  const examples = useLoaded(loadSimulatedExamples, NO_EXAMPLES);
  const fitting = examples.filter((example) => kind === null || example.kind === kind);
  if (fitting.length === 0) return null;
  return (
    <div className={css["examples"]}>
      {TEXT.entry.simulatedExamples}:{" "}
      {fitting.map(({ kind: what, url }) => (
        <button key={url} type="button" className={css["quiet"]} onClick={() => onChoose(url)}>
          {TEXT.entry.kinds[what]} <code>{url}</code>
        </button>
      ))}
    </div>
  );
}
