import {
  describeFailure,
  describeShort,
  formatRfc3339Utc,
  type TcbJudgement,
  type TcbStatus,
  type VerifiedQuote,
} from "@mero-tee/tdx-quote";

import type { Case } from "../case.ts";
import { fail, info, item, pass, skip, unavailable, warn } from "../finding.ts";
import { outcomeOf } from "../hardware.ts";
import type { EvidenceItem, Finding } from "../step.ts";
import { compareClaims } from "../trust-authority-claims.ts";

async function verifiedOf(opened: Case): Promise<VerifiedQuote | null> {
  const verification = (await opened.hardware())?.verification;
  return verification?.ok === true ? verification.value : null;
}

/**
 * The statuses that the signed policy allows; null where no release whose signatures hold says anything. Of a quote that
 * matches no profile, those of the closest: it fails elsewhere.
 */
export async function allowedStatuses(opened: Case): Promise<readonly TcbStatus[] | null> {
  const choice = await opened.release();
  if (choice?.outcome !== "chosen" || choice.release.signatures.some(({ problem }) => problem !== null)) return null;
  const comparison = await opened.comparison();
  return (comparison?.matching[0] ?? comparison?.closest)?.reference.tcbStatuses ?? null;
}

function judgementItems(judgement: TcbJudgement): readonly EvidenceItem[] {
  return [
    item("Status", judgement.tcbStatus, "collateral"),
    item("Platform", judgement.tcbLevelStatus, "collateral"),
    item("TDX module", judgement.tdxModuleStatus ?? "without levels of its own", "collateral"),
    item("Quoting enclave", judgement.qeStatus, "collateral"),
    ...judgement.short.map(({ component, has, needs }) => item(component, `has ${has}, needs ${needs}`, "collateral")),
  ];
}

/** `tcb.status`. */
export async function judgeTcbStatus(opened: Case): Promise<Finding> {
  const verification = (await opened.hardware())?.verification ?? null;
  if (verification === null) return skip("There is no judgement of this machine.", "dependency-not-met");
  const outcome = outcomeOf("tcb.status", verification);
  if (outcome.status === "not-reached") {
    return skip(`Not reached: verification stopped at ${outcome.stoppedAt}.`, "dependency-not-met");
  }
  if (outcome.status === "failed") {
    const { failure } = outcome;
    const { judgement } = failure;
    return fail(failure.code, describeFailure(failure), judgement === undefined ? [] : judgementItems(judgement));
  }
  // Where a later stage failed, the status was good enough for it to be reached, and is not known here.
  if (!verification.ok) return skip("The status is not told, because a later check failed.", "dependency-not-met");
  return await judgeStatus(opened, verification.value);
}

async function judgeStatus(opened: Case, judgement: VerifiedQuote): Promise<Finding> {
  const { tcbStatus, short } = judgement;
  const signed = await allowedStatuses(opened);
  const wanted = opened.request.tcbStatuses;
  const evidence = [
    ...judgementItems(judgement),
    ...(signed === null ? [] : [item("Allowed by the release", signed.join(", ") || "nothing", "release")]),
    ...(wanted === null ? [] : [item("Allowed by the reader", wanted.join(", ") || "nothing", "user")]),
  ];
  const behind = short.length === 0 ? "" : ` (${describeShort(short)})`;
  const seen = `The machine's status is ${tcbStatus}${behind}`;
  if (signed?.length === 0) return fail("tcb-status-not-allowed", `${seen}; the release allows none at all.`, evidence);
  if (wanted !== null && !wanted.includes(tcbStatus)) {
    return fail("tcb-status-not-allowed", `${seen}, which you do not allow.`, evidence);
  }
  if (signed === null && tcbStatus !== "UpToDate") {
    return skip(`${seen}; whether that will do is for a signed release to say.`, "tcb-status-unjudged", evidence);
  }
  if (signed !== null && !signed.includes(tcbStatus)) {
    return fail("tcb-status-not-allowed", `${seen}, which the release does not allow.`, evidence);
  }
  return tcbStatus === "UpToDate"
    ? pass(`${seen}.`, evidence)
    : warn("tcb-status-tolerated", `${seen}, which the release allows.`, evidence);
}

/** `tcb.advisories`. */
export async function judgeAdvisories(opened: Case): Promise<Finding> {
  const verified = await verifiedOf(opened);
  if (verified === null) return skip("There is no judgement of this machine.", "dependency-not-met");
  const advisories = verified.advisories.toSorted((one, other) => (one.id < other.id ? -1 : 1));
  if (advisories.length === 0) return pass("No advisory is named for this patch level.");
  const items = advisories.map(({ id, tcbDate }) => {
    return item("Advisory", `${id}, patch level of ${formatRfc3339Utc(tcbDate).slice(0, 10)}`, "collateral");
  });
  const ids = advisories.map(({ id }) => id);
  return warn("tcb-advisories", `Advisories for this patch level: ${ids.join(", ")}.`, items);
}

/** `tcb.baseline`. */
export async function judgeBaseline(opened: Case): Promise<Finding> {
  const verified = await verifiedOf(opened);
  if (verified === null) return skip("There is no judgement of this machine.", "dependency-not-met");
  const used = verified.tcbEvaluationDataNumber.tcbInfo;
  const token = await opened.trustAuthorityToken();
  const elsewhere =
    token?.ok === true && opened.view !== null
      ? compareClaims(token.value.claims, opened.view).evaluationDataNumber
      : null;
  const usedItems = [
    item("Evaluation data number used", used, "collateral"),
    ...(elsewhere === null ? [] : [item("Evaluation data number of Intel Trust Authority", elsewhere, "ita")]),
  ];
  const forecast = (await opened.hardware())?.forecast ?? null;
  const { earlyCollateral } = opened.request;
  if (forecast === null) {
    if (earlyCollateral.status !== "unavailable") {
      return skip(`Judged by baseline ${used}; nobody asked for the coming one.`, "tcb-baseline-unknown", usedItems);
    }
    return unavailable("tcb-baseline-unknown", `Judged by baseline ${used}; the coming one did not come.`, usedItems);
  }
  if (!forecast.ok) {
    return unavailable(
      forecast.error.code,
      `Judged by baseline ${used}; ${describeFailure(forecast.error)}`,
      usedItems,
    );
  }
  const { tcbStatus, tcbEvaluationDataNumber, short } = forecast.value;
  const coming = tcbEvaluationDataNumber.tcbInfo;
  const evidence = [
    ...usedItems,
    item("Evaluation data number coming", coming, "collateral"),
    item("Status then", tcbStatus ?? "none", "collateral"),
    ...short.map(({ component, has, needs }) => item(component, `has ${has}, needs ${needs}`, "collateral")),
  ];
  const allowed = (await allowedStatuses(opened)) ?? ["UpToDate"];
  if (tcbStatus !== null && allowed.includes(tcbStatus)) {
    return info(`Judged by baseline ${used}; baseline ${coming} will still accept this machine.`, evidence);
  }
  return warn(
    "tcb-baseline-coming",
    `This machine will stop passing when Intel promotes baseline ${coming}: ${short.length === 0 ? `its status will be ${tcbStatus ?? "none"}` : describeShort(short)}.`,
    evidence,
  );
}
