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
import { fetchReleases } from "./release-client.ts";
import { emptyRequest } from "./requests.ts";

/** The request that files make: everything comes from them, and what they lack is absent unless the reader lets it be fetched. */
export async function gatherFiles(check: FileCheck, now: number, anchors: Anchors): Promise<AppraisalRequest> {
  const base: AppraisalRequest = {
    ...emptyRequest(check.expected, now, "not among the files"),
    kind: check.kind,
    inputs: check.files,
    challenge: challengeOf(check.nonceHex),
  };
  return check.fetchesMissing ? await fetchMissing(base, anchors) : base;
}

function challengeOf(nonceHex: string | null): Challenge | null {
  const nonce = nonceHex === null ? null : parseHex(nonceHex, 32);
  return nonce === null ? null : { nonce, source: "user", roundTripMs: null };
}

/** Asks the API for Intel's reference data of the processor model, and for signed releases. The evidence stays here. */
async function fetchMissing(base: AppraisalRequest, { rootCa }: Anchors): Promise<AppraisalRequest> {
  const { evidence } = recogniseInputs(base.inputs);
  if (evidence.quote === null) return base;
  const kind = base.kind ?? (evidence.eventLog?.format === "dstack" ? "kms" : "node");
  const text = evidence.eventLog?.format === "dstack" ? evidence.eventLog.text : "";
  const options = { now: base.now, rootCa };
  const [collateral, earlyCollateral, releases] = await Promise.all([
    evidence.collateral === null ? fetchCollateral(evidence.quote, "standard", options) : base.collateral,
    fetchCollateral(evidence.quote, "early", options),
    fetchReleases(kind, base.tag, likelyRelease(kind, evidence.quote, text)),
  ]);
  return { ...base, collateral, earlyCollateral, releases };
}
