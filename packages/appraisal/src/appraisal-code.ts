import type { PolicyErrorCode } from "@mero-tee/policy";
import type { DocumentCode } from "@mero-tee/release-artifacts";
import type { SigstoreErrorCode } from "@mero-tee/release-artifacts/sigstore";
import type { FailureCode } from "@mero-tee/tdx-quote";

/**
 * Every code that an appraisal itself gives to a step; closed and documented in `docs/errors.md`. Codes of the packages below
 * (a refused quote, a signature that does not hold, a malformed document) pass through beside them, unchanged.
 */
export const APPRAISAL_CODES = [
  "evidence-unrecognised",
  "evidence-conflict",
  "evidence-missing",
  "mock-quote",
  "dependency-not-met",
  "step-exception",
  "side-field-mismatch",
  "nonce-missing",
  "nonce-mismatch",
  "nonce-not-ours",
  "binding-mismatch",
  "binding-policy-mismatch",
  "collateral-missing",
  "collateral-not-obtained",
  "tcb-status-not-allowed",
  "tcb-status-tolerated",
  "tcb-status-unjudged",
  "tcb-advisories",
  "tcb-baseline-coming",
  "tcb-baseline-unknown",
  "td-perfmon-enabled",
  "td-xfam-unusual",
  "event-log-missing",
  "event-log-too-long",
  "event-log-register-silent",
  "compose-hash-missing",
  "compose-hash-ambiguous",
  "compose-hash-malformed",
  "mrconfigid-contradicts",
  "key-provider-missing",
  "key-provider-malformed",
  "key-provider-mismatch",
  "key-provider-not-kms",
  "release-missing",
  "release-unavailable",
  "release-unknown",
  "release-unmatched",
  "release-outdated",
  "release-withdrawn",
  "release-asset-absent",
  "release-unsigned",
  "release-run-mismatch",
  "release-unwitnessed",
  "release-user-supplied",
  "measurement-list-empty",
  "measurement-mismatch",
  "root-hash-contradicts",
  "profile-ambiguous",
  "profile-unexpected",
  "profile-not-production",
  "profile-event-contradicts",
  "compat-contradiction",
  "compat-missing",
  "ita-absent",
  "ita-unavailable",
  "ita-token-malformed",
  "ita-algorithm-forbidden",
  "ita-key-unknown",
  "ita-key-unsound",
  "ita-signature-invalid",
  "ita-issuer-mismatch",
  "ita-token-expired",
  "ita-token-not-yet-valid",
  "ita-keys-unpinned",
  "ita-claims-differ",
  "ita-claims-missing",
  "ita-status-differs",
  "ita-status-uncompared",
  "ita-debuggable",
  "ita-policies-unmatched",
  "clock-implausible",
  "channel-unbound",
] as const;

/** One of {@link APPRAISAL_CODES}. */
export type AppraisalCode = (typeof APPRAISAL_CODES)[number];

/** Every code that a step can carry. */
export type StepCode = AppraisalCode | FailureCode | SigstoreErrorCode | PolicyErrorCode | DocumentCode;
