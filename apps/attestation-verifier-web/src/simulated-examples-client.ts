import { parseStrictJson } from "@mero-tee/tdx-quote/json";
import { list, object, text, word } from "@mero-tee/tdx-quote/json-shape";

import type { TargetKind } from "./target-address.ts";

/** A simulated attester that runs beside this page. */
export interface SimulatedExample {
  readonly kind: TargetKind;
  readonly url: string;
}

const EXAMPLES = object({ examples: list(object({ kind: word(["kms", "node"]), url: text })) });

/** What the development stack that serves this page runs; empty where it does not say. */
export async function loadSimulatedExamples(): Promise<readonly SimulatedExample[]> {
  try {
    const response = await fetch("/sim/examples.json", { cache: "no-store", credentials: "omit" });
    const json = parseStrictJson(await response.text());
    const read = json.ok ? EXAMPLES(json.value) : json;
    return read.ok ? read.value.examples : [];
  } catch {
    // Another server serves this build: there is nothing to offer.
    return [];
  }
}
