/** What is looked at, in the order in which it is reported. */
export const READINESS_CHECKS = [
  "policy",
  "challengeStore",
  "guestAgent",
  "collateral",
  "audit",
  "profileEvent",
  "trustAnchor",
  "enforcement",
] as const;

/** One of {@link READINESS_CHECKS}. */
type ReadinessCheck = (typeof READINESS_CHECKS)[number];

/** Why a check failed: no key can be released, so the instance is not ready. */
export const READINESS_FAILURES = [
  "policy-missing",
  "challenge-store-closed",
  "guest-agent-unusable",
  "collateral-expired",
  "clock-behind-collateral",
  "audit-unwritable",
] as const;

/** Why a check is degraded: keys are released, and the operator should know under which condition. */
export const READINESS_CONDITIONS = [
  "collateral-none",
  "collateral-partly-expired",
  "profile-event-pending",
  "profile-event-absent",
  "simulated-root",
  "sigstore-root-replaced",
  "mock-quotes-accepted",
  "policy-not-enforced",
] as const;

/** Why a check is not `ok`. */
export type ReadinessCode = (typeof READINESS_FAILURES)[number] | (typeof READINESS_CONDITIONS)[number];

/** How one check came out; `reason` is one sentence without hosts, paths or secrets. */
export interface CheckOutcome {
  readonly status: "ok" | "degraded" | "failed";
  readonly code: ReadinessCode | null;
  readonly reason: string | null;
}

/** What `GET /ready` answers. */
export interface ReadinessReport {
  readonly ready: boolean;
  readonly checks: Readonly<Record<ReadinessCheck, CheckOutcome>>;
}

/** A check without anything to say. */
export const OK: CheckOutcome = { status: "ok", code: null, reason: null };

/** A check that says something. */
export function outcome(code: ReadinessCode, reason: string): CheckOutcome {
  const isFailure = READINESS_FAILURES.some((known) => known === code);
  return { status: isFailure ? "failed" : "degraded", code, reason };
}
