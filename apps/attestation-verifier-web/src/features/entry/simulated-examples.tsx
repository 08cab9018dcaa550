import type { ReactElement } from "react";

import { TEXT } from "../../messages.ts";
import { loadSimulatedExamples, type SimulatedExample } from "../../simulated-examples-client.ts";
import type { TargetKind } from "../../target-address.ts";
import { useLoaded } from "../../use-loaded.ts";
import css from "./entry.module.css";

const NO_EXAMPLES: readonly SimulatedExample[] = [];

interface SimulatedExamplesProps {
  readonly kind: TargetKind | null;
  readonly onChoose: (address: string) => void;
}

/** The simulated attesters that run beside this page: a press fills the field. */
export function SimulatedExamples({ kind, onChoose }: SimulatedExamplesProps): ReactElement | null {
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
