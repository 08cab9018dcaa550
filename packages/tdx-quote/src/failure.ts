import type { TcbJudgement } from "./tcb-status.ts";

/**
 * The stages of quote verification, in the order in which they run; the first failing stage decides the code.
 * `event-log`, `fetch` and `forecast` are operations of their own.
 */
export const STAGES = [
  "quote-parse",
  "collateral-parse",
  "trust-anchor",
  "crl",
  "tcb-info",
  "qe-identity",
  "pck-chain",
  "qe-report",
  "quote-signature",
  "tcb-status",
  "td-attributes",
  "report-data",
  "event-log",
  "fetch",
  "forecast",
] as const;

/** One of {@link STAGES}. */
export type Stage = (typeof STAGES)[number];

/** Every failure code of this package; closed and documented in `docs/errors.md`. */
export const FAILURE_CODES = [
  "quote-too-short",
  "quote-too-large",
  "quote-truncated",
  "quote-version-unsupported",
  "quote-not-tdx",
  "quote-tee-type-unsupported",
  "quote-attestation-key-unsupported",
  "quote-qe-vendor-unknown",
  "quote-body-type-unsupported",
  "quote-body-size-mismatch",
  "quote-length-mismatch",
  "quote-certification-data-unsupported",
  "collateral-malformed",
  "tcb-info-malformed",
  "tcb-info-version-unsupported",
  "qe-identity-malformed",
  "qe-identity-version-unsupported",
  "certificate-malformed",
  "crl-malformed",
  "chain-length-invalid",
  "chain-root-untrusted",
  "chain-role-mismatch",
  "certificate-extension-invalid",
  "certificate-key-unsupported",
  "certificate-issuer-mismatch",
  "certificate-signature-invalid",
  "certificate-not-yet-valid",
  "certificate-expired",
  "certificate-revoked",
  "crl-issuer-mismatch",
  "crl-signature-invalid",
  "crl-not-yet-valid",
  "crl-expired",
  "tcb-info-signature-invalid",
  "tcb-info-not-yet-valid",
  "tcb-info-expired",
  "tcb-info-wrong-type",
  "qe-identity-signature-invalid",
  "qe-identity-not-yet-valid",
  "qe-identity-expired",
  "qe-identity-wrong-type",
  "pck-extension-invalid",
  "fmspc-mismatch",
  "pce-id-mismatch",
  "qe-report-signature-invalid",
  "qe-report-data-mismatch",
  "qe-debug-enabled",
  "qe-mrsigner-mismatch",
  "qe-isvprodid-mismatch",
  "qe-miscselect-mismatch",
  "qe-attributes-mismatch",
  "attestation-key-invalid",
  "quote-signature-invalid",
  "tdx-module-mismatch",
  "tcb-not-supported",
  "tcb-revoked",
  "td-attributes-reserved",
  "td-debug-enabled",
  "td-sept-ve-disable-clear",
  "td-service-td-present",
  "report-data-mismatch",
  "event-log-malformed",
  "event-log-no-sha384",
  "event-log-digest-mismatch",
  "event-log-mismatch",
  "fetch-failed",
  "fetch-status",
  "fetch-too-large",
  "fetch-header-missing",
  "early-collateral-older",
] as const;

/** One of {@link FAILURE_CODES}. */
export type FailureCode = (typeof FAILURE_CODES)[number];

/**
 * What was seen, for the sentence an operator reads ({@link describeFailure}); never a secret, never needed to decide.
 * Offsets and sizes are in bytes, times in Unix seconds.
 */
export interface FailureFacts {
  /** Which object: `"PCK leaf"`, `"root CA CRL"`, `"TCB info signing chain"`, a field's name… */
  readonly subject?: string;
  readonly offset?: number;
  readonly expected?: string | number;
  readonly actual?: string | number;
  /** Why a parser refused, as a short clause: `"non-minimal length"`. */
  readonly reason?: string;
  /** The SVNs that fell short, for TCB refusals. */
  readonly short?: readonly ShortComponent[];
}

/** A component whose security version is below what a TCB level needs. */
export interface ShortComponent {
  /** `"sgx[3]"`, `"pcesvn"`, `"tdx[2]"`, `"tdx-module"`, `"qe"`. */
  readonly component: string;
  readonly has: number;
  readonly needs: number;
}

/** A refusal: a stable code, the stage that gave it, and the facts behind it. */
export interface Failure<C extends FailureCode = FailureCode> {
  readonly code: C;
  readonly stage: Stage;
  readonly facts: FailureFacts;
  /** For `tcb-revoked`: status and advisories are reported all the same. */
  readonly judgement?: TcbJudgement;
}

/** Makes a refusal. */
export function failure<C extends FailureCode>(stage: Stage, code: C, facts: FailureFacts = {}): Failure<C> {
  return { code, stage, facts };
}
