import { type Anchors, type GivenInput, recogniseInputs, type Supply } from "@mero-tee/appraisal";
import { describeFailure, encodeCollateral, parseQuote } from "@mero-tee/tdx-quote";

import { fetchCollateralFor } from "../collateral-source.ts";
import type { Ports } from "../context.ts";

/** Where collateral is looked for. */
export interface CollateralSearch {
  readonly inputs: readonly GivenInput[];
  readonly anchors: Anchors;
  /** Unix seconds. */
  readonly now: number;
  /** Absent: Intel's PCS. */
  readonly serviceUrl: string | undefined;
}

/** Fetches the collateral of the quote among the inputs, unless that was given along. */
export async function supplyCollateral(
  ports: Ports,
  { inputs, anchors, now, serviceUrl }: CollateralSearch,
): Promise<Supply<string>> {
  const { evidence } = recogniseInputs(inputs);
  if (evidence.collateral !== null) return { status: "absent", reason: "it was given along" };
  const quote = evidence.quote === null ? null : parseQuote(evidence.quote);
  if (quote?.ok !== true) return { status: "absent", reason: "there is no quote to ask for" };
  const bundle = await fetchCollateralFor(ports, {
    quote: quote.value,
    now,
    ...(anchors.rootCa === undefined ? {} : { rootCa: anchors.rootCa }),
    ...(serviceUrl === undefined ? {} : { serviceUrl }),
  });
  if (bundle.ok) return { status: "given", value: encodeCollateral(bundle.value), source: serviceUrl ?? "Intel's PCS" };
  // A chain that does not hold is the quote's own fault, which its step says; nobody was asked anything.
  return bundle.error.stage === "fetch"
    ? { status: "unavailable", reason: clause(describeFailure(bundle.error)) }
    : { status: "absent", reason: "the quote's own chain does not hold" };
}

function clause(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
