import type { MeasurementSet } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { AttestationPolicyDocument, AttestationPolicyValues } from "./documents/attestation-policy.ts";
import type { MeasurementCandidates } from "./documents/measurement-candidates.ts";
import { LIST_NAMES, listsOf } from "./documents/release-fields.ts";

/** Every code of a promotion; closed and documented. */
export const PROMOTION_CODES = ["candidates-ambiguous", "candidates-tcb-not-allowed", "candidates-incomplete"] as const;

/** Why candidates do not become a policy. */
export interface PromotionError {
  readonly code: (typeof PROMOTION_CODES)[number];
  readonly message: string;
}

/**
 * Puts what a probe saw into a policy: the registers of one role, and for nodes the complete tuple of the machine type
 * beside those of others. TCB statuses are not measured, they are decided: the policy keeps its own, and a probe of a machine
 * that it does not accept is refused.
 *
 * Errors: `candidates-ambiguous` (more than one machine in one document), `candidates-tcb-not-allowed`,
 * `candidates-incomplete` (the policy has tuples, and the candidates do not say on which machine they were seen).
 * Source: docs/releases.md.
 */
export function promoteCandidates(
  document: AttestationPolicyDocument,
  candidates: MeasurementCandidates,
  role: "kms" | "node",
): Result<AttestationPolicyDocument, PromotionError> {
  const seen = listsOf(candidates.policy, "allowed");
  for (const name of LIST_NAMES) {
    if (seen[name].length !== 1)
      return refuse("candidates-ambiguous", `The candidates have ${seen[name].length} values of ${name}, not one.`);
  }
  const accepted: readonly string[] = document.policy[`${role}_allowed_tcb_statuses`];
  const status = seen.tcb_statuses[0] ?? "";
  if (!accepted.includes(status)) {
    return refuse(
      "candidates-tcb-not-allowed",
      `The probe ran on a platform with TCB status ${status}, which the policy does not accept.`,
    );
  }
  if (role === "kms") return ok({ ...document, policy: { ...document.policy, ...kmsValues(candidates) } });
  const { node_measurement_sets: sets } = document.policy;
  if (sets === undefined) return ok({ ...document, policy: { ...document.policy, ...nodeValues(candidates.policy) } });
  const set = setOf(document, candidates);
  if (set === null)
    return refuse(
      "candidates-incomplete",
      "The policy has measurement sets; the candidates name no machine type, TD attributes or XFAM.",
    );
  const kept = sets.filter((each) => each.machine_type !== set.machine_type);
  const all = [...kept, set].toSorted((left, right) => (left.id < right.id ? -1 : 1));
  return ok({ ...document, policy: { ...document.policy, ...columnsOf(all), node_measurement_sets: all } });
}

function kmsValues({ policy }: MeasurementCandidates): Partial<AttestationPolicyValues> {
  const { allowed_mrtd, allowed_rtmr0, allowed_rtmr1, allowed_rtmr2, allowed_rtmr3 } = policy;
  return {
    kms_allowed_mrtd: allowed_mrtd,
    kms_allowed_rtmr0: allowed_rtmr0,
    kms_allowed_rtmr1: allowed_rtmr1,
    kms_allowed_rtmr2: allowed_rtmr2,
    kms_allowed_rtmr3: allowed_rtmr3,
    allowed_mrtd,
    allowed_rtmr0,
    allowed_rtmr1,
    allowed_rtmr2,
    allowed_rtmr3,
  };
}

function nodeValues({
  allowed_mrtd,
  allowed_rtmr0,
  allowed_rtmr1,
  allowed_rtmr2,
  allowed_rtmr3,
}: MeasurementCandidates["policy"]): Partial<AttestationPolicyValues> {
  return {
    node_allowed_mrtd: allowed_mrtd,
    node_allowed_rtmr0: allowed_rtmr0,
    node_allowed_rtmr1: allowed_rtmr1,
    node_allowed_rtmr2: allowed_rtmr2,
    node_allowed_rtmr3: allowed_rtmr3,
  };
}

function columnsOf(sets: readonly MeasurementSet[]): Partial<AttestationPolicyValues> {
  const column = <K extends "mrtd" | "rtmr0" | "rtmr1" | "rtmr2" | "rtmr3">(name: K): readonly MeasurementSet[K][] => [
    ...new Set(sets.map((set) => set[name])),
  ];
  return {
    node_allowed_mrtd: column("mrtd"),
    node_allowed_rtmr0: column("rtmr0"),
    node_allowed_rtmr1: column("rtmr1"),
    node_allowed_rtmr2: column("rtmr2"),
    node_allowed_rtmr3: column("rtmr3"),
  };
}

function setOf(document: AttestationPolicyDocument, candidates: MeasurementCandidates): MeasurementSet | null {
  const { machine_type, td_attributes, xfam, policy } = candidates;
  const profile = (["debug", "debug-read-only", "locked-read-only"] as const).find((each) => each === document.profile);
  const [mrtd] = policy.allowed_mrtd;
  const [rtmr0] = policy.allowed_rtmr0;
  const [rtmr1] = policy.allowed_rtmr1;
  const [rtmr2] = policy.allowed_rtmr2;
  const [rtmr3] = policy.allowed_rtmr3;
  if (machine_type === undefined || td_attributes === undefined || xfam === undefined || profile === undefined)
    return null;
  if (mrtd === undefined || rtmr0 === undefined || rtmr1 === undefined || rtmr2 === undefined || rtmr3 === undefined)
    return null;
  return {
    id: `${document.tag}/${profile}/${machine_type}`,
    profile,
    machine_type,
    mrtd,
    rtmr0,
    rtmr1,
    rtmr2,
    rtmr3,
    td_attributes,
    xfam,
  };
}

function refuse(code: PromotionError["code"], message: string): { readonly ok: false; readonly error: PromotionError } {
  return err({ code, message });
}
