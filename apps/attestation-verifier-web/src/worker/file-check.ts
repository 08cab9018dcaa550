import { type AppraisalRequest, type Challenge, recogniseInputs } from "@mero-tee/appraisal";
import { parseQuote, verifyPckChain } from "@mero-tee/tdx-quote";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { toPlainJson } from "@mero-tee/tdx-quote/json";

import { getFromApi } from "./api-client.ts";
import { likelyRelease } from "./likely-release.ts";
import type { FileCheck } from "./protocol.ts";
import { fetchReleases } from "./release-client.ts";
import { emptyRequest, supplyOf } from "./requests.ts";

/** The request that files make: everything comes from them, and what they lack is absent unless the reader lets it be fetched. */
export async function gatherFiles(check: FileCheck, now: number): Promise<AppraisalRequest> {
  const base: AppraisalRequest = {
    ...emptyRequest(check.expected, now, "not among the files"),
    kind: check.kind,
    inputs: check.files,
    challenge: challengeOf(check.nonceHex),
  };
  return check.fetchesMissing ? await fetchMissing(base, now) : base;
}

function challengeOf(nonceHex: string | null): Challenge | null {
  const nonce = nonceHex === null ? null : parseHex(nonceHex, 32);
  return nonce === null ? null : { nonce, source: "user", roundTripMs: null };
}

/** Asks the API for Intel's reference data of the processor model, and for signed releases. The evidence stays here. */
async function fetchMissing(base: AppraisalRequest, now: number): Promise<AppraisalRequest> {
  const { evidence } = recogniseInputs(base.inputs);
  if (evidence.quote === null) return base;
  const kind = base.kind ?? (evidence.eventLog?.format === "dstack" ? "kms" : "node");
  const text = evidence.eventLog?.format === "dstack" ? evidence.eventLog.text : "";
  const [collateral, earlyCollateral, releases] = await Promise.all([
    evidence.collateral === null ? fetchCollateral(evidence.quote, now, "standard") : base.collateral,
    fetchCollateral(evidence.quote, now, "early"),
    fetchReleases(kind, base.tag, likelyRelease(kind, evidence.quote, text)),
  ]);
  return { ...base, collateral, earlyCollateral, releases };
}

async function fetchCollateral(
  quote: Uint8Array<ArrayBuffer>,
  now: number,
  update: "standard" | "early",
): Promise<AppraisalRequest["collateral"]> {
  const parsed = parseQuote(quote);
  const platform = parsed.ok ? await verifyPckChain(parsed.value, { now }) : parsed;
  if (!platform.ok) return { status: "absent", reason: "The quote does not say which processor model it is from" };
  const { fmspc, ca } = platform.value;
  const answer = await getFromApi(`/api/collateral?fmspc=${fmspc}&ca=${ca}&update=${update}`);
  const text = answer.ok ? JSON.stringify(toPlainJson(answer.value.json)) : null;
  return supplyOf(text, "Intel, through this site's API", "Intel's reference data did not come");
}
