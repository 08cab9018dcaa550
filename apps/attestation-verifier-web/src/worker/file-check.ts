import {
  type Anchors,
  type AppraisalRequest,
  type Challenge,
  likelyRelease,
  recogniseInputs,
} from "@mero-tee/appraisal";
import { parseHex } from "@mero-tee/tdx-quote/hex";

import { fetchCollateral } from "./collateral-client.ts";
import type { FileCheck } from "./protocol.ts";
import type { ReferenceSource } from "./reference-client.ts";
import { fetchReleases } from "./release-client.ts";
import { emptyRequest } from "./requests.ts";

/**
 * The request that files make: everything comes from them. What they lack comes from what this browser keeps, if it keeps
 * anything, and is fetched only if the reader says so.
 */
export async function gatherFiles(
  check: FileCheck,
  now: number,
  anchors: Anchors,
  source: ReferenceSource,
): Promise<AppraisalRequest> {
  const base: AppraisalRequest = {
    ...emptyRequest(check.expected, now, "not among the files"),
    kind: check.kind,
    inputs: check.files,
    challenge: challengeOf(check.nonceHex),
    applicationHash: check.applicationHashHex === null ? null : parseHex(check.applicationHashHex, 32),
  };
  const { evidence } = recogniseInputs(base.inputs);
  if (evidence.quote === null) return base;
  const reach = check.fetchesMissing ? "network" : "kept";
  const kind = base.kind ?? (evidence.eventLog?.format === "dstack" ? "kms" : "node");
  const text = evidence.eventLog?.format === "dstack" ? evidence.eventLog.text : "";
  const options = { now: base.now, rootCa: anchors.rootCa, source, reach } as const;
  const [collateral, earlyCollateral, releases] = await Promise.all([
    evidence.collateral === null ? fetchCollateral(evidence.quote, "standard", options) : base.collateral,
    fetchCollateral(evidence.quote, "early", options),
    fetchReleases({ kind, tag: base.tag, seemsToFit: likelyRelease(kind, evidence.quote, text), source, reach }),
  ]);
  return { ...base, collateral, earlyCollateral, releases };
}

function challengeOf(nonceHex: string | null): Challenge | null {
  const nonce = nonceHex === null ? null : parseHex(nonceHex, 32);
  return nonce === null ? null : { nonce, source: "user", roundTripMs: null };
}
