import { quoteForeignText } from "@mero-tee/policy";
import { formatRfc3339Utc, isValidInstant, TCB_STATUSES, type VerifiedQuote } from "@mero-tee/tdx-quote";

import type { Case } from "../case.ts";
import { fail, info, item, pass, skip, unavailable, warn } from "../finding.ts";
import type { EvidenceItem, Finding } from "../step.ts";
import { type ClaimComparison, compareClaims } from "../trust-authority-claims.ts";
import { allowedStatuses } from "./tcb-steps.ts";

/** `ita.token`. */
export async function judgeTrustAuthorityToken({ request, trustAuthorityToken }: Case): Promise<Finding> {
  const { trustAuthority } = request;
  if (trustAuthority.status === "absent")
    return skip(`Second opinion: not asked (${trustAuthority.reason}).`, "ita-absent");
  if (trustAuthority.status === "unavailable") {
    return unavailable("ita-unavailable", `Second opinion: unavailable (${trustAuthority.reason}).`);
  }
  const token = await trustAuthorityToken();
  if (token === null) return skip("Second opinion: not asked.", "ita-absent");
  if (!token.ok) return fail(token.error.code, `Intel Trust Authority's answer does not hold: ${token.error.sentence}`);
  const { algorithm, keyId, issuedAt, expiresAt, isPinned } = token.value;
  const evidence = [
    item("Algorithm", algorithm, "ita"),
    item("Key", keyId, "ita"),
    item("Issued", timeOf(issuedAt), "ita"),
    item("Expires", timeOf(expiresAt), "ita"),
  ];
  if (isPinned) return pass("Intel Trust Authority signed this answer.", evidence);
  const summary =
    "The answer is signed by the keys that came with it, so this is not an independent opinion; a disagreement would count all the same.";
  return info(summary, evidence, "ita-keys-unpinned");
}

function timeOf(seconds: number): string {
  const whole = Math.floor(seconds);
  return isValidInstant(whole) ? formatRfc3339Utc(whole) : String(seconds);
}

/** `ita.claims`. */
export async function judgeTrustAuthorityClaims(opened: Case): Promise<Finding> {
  const token = await opened.trustAuthorityToken();
  if (token?.ok !== true || opened.view === null) return skip("There is no second opinion.", "ita-absent");
  const compared = compareClaims(token.value.claims, opened.view);
  const evidence = compared.claims.flatMap(({ claim, claimed, quoted }) => [
    item(claim, claimed ?? "absent", "ita", "hex"),
    item(`${claim} in the quote`, quoted, "quote", "hex"),
  ]);
  const finding = await judgeClaims(opened, compared, evidence);
  // An agreement that whoever served the page could have signed is worth nothing; a disagreement is.
  const isWeak = !token.value.isPinned && finding.status !== "fail";
  return isWeak ? { ...finding, status: "info", code: "ita-keys-unpinned" } : finding;
}

async function judgeClaims(
  opened: Case,
  compared: ClaimComparison,
  evidence: readonly EvidenceItem[],
): Promise<Finding> {
  const { differing, missing, isDebuggable, unmatchedPolicies } = compared;
  if (differing.length > 0) {
    return fail("ita-claims-differ", `The token describes a different machine: ${differing.join(", ")}.`, evidence);
  }
  if (isDebuggable)
    return fail("ita-debuggable", "Intel Trust Authority says that this machine can be debugged.", evidence);
  const verification = (await opened.hardware())?.verification;
  if (verification?.ok !== true) {
    const summary = "The token speaks of this machine; there is no status of this verifier's own to compare its with.";
    return info(summary, evidence, "ita-status-uncompared");
  }
  const status = await judgeOtherStatus(opened, verification.value, compared, evidence);
  if (status !== null) return status;
  if (missing.length > 0) {
    return warn("ita-claims-missing", `The token does not say: ${missing.join(", ")}.`, evidence);
  }
  if (unmatchedPolicies.length > 0) {
    return warn("ita-policies-unmatched", `Policies that did not match: ${unmatchedPolicies.join(", ")}.`, evidence);
  }
  return pass("Intel's own service reached the same result.", evidence);
}

/** Null where both come to the same status, or the token names none. */
async function judgeOtherStatus(
  opened: Case,
  { tcbStatus: ours, tcbEvaluationDataNumber: { tcbInfo: baseline } }: VerifiedQuote,
  { tcbStatus, evaluationDataNumber }: ClaimComparison,
  evidence: readonly EvidenceItem[],
): Promise<Finding | null> {
  if (tcbStatus === null || tcbStatus === ours) return null;
  const known = TCB_STATUSES.find((status) => status === tcbStatus);
  const theirs = known ?? quoteForeignText(tcbStatus);
  const items = [...evidence, item("Status there", theirs, "ita"), item("Status here", ours, "collateral")];
  if (evaluationDataNumber !== null && evaluationDataNumber !== baseline) {
    const [stricter, other] = [ours, theirs].toSorted((one, two) => rankOf(two) - rankOf(one));
    const summary = `Two rulers: here ${baseline}, Intel Trust Authority ${evaluationDataNumber}. Neither is wrong; ${stricter} is the stricter, ${other} the other.`;
    return warn("ita-status-differs", summary, items);
  }
  const allowed = (await allowedStatuses(opened)) ?? ["UpToDate"];
  return known !== undefined && allowed.includes(known)
    ? warn("ita-status-differs", `Intel Trust Authority says ${theirs}, this verifier ${ours}.`, items)
    : fail("ita-status-differs", `Intel Trust Authority says ${theirs}, which the release does not allow.`, items);
}

/** The worse, the higher; what nobody knows is the worst. */
function rankOf(status: string): number {
  const rank = TCB_STATUSES.findIndex((known) => known === status);
  return rank < 0 ? TCB_STATUSES.length : rank;
}
