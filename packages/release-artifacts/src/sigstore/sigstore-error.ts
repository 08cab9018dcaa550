import { err } from "@mero-tee/tdx-quote/result";

/** Every code of Sigstore verification, in the order in which the checks run; closed and documented in `docs/errors.md`. */
export const SIGSTORE_ERROR_CODES = [
  "bundle-malformed",
  "bundle-media-type-unsupported",
  "detached-signature-malformed",
  "trusted-root-malformed",
  "trusted-root-media-type-unsupported",
  "identity-pattern-invalid",
  "signing-certificate-malformed",
  "artifact-content-required",
  "artifact-digest-mismatch",
  "timestamp-malformed",
  "timestamp-imprint-mismatch",
  "timestamp-untrusted",
  "timestamp-signature-invalid",
  "log-entry-missing",
  "log-unknown",
  "log-promise-invalid",
  "log-inclusion-missing",
  "log-checkpoint-malformed",
  "log-checkpoint-invalid",
  "log-proof-invalid",
  "log-index-mismatch",
  "log-body-malformed",
  "log-body-mismatch",
  "signing-time-missing",
  "log-key-outside-window",
  "signing-certificate-unfit",
  "signing-certificate-untrusted",
  "signing-time-outside-certificate",
  "sct-missing",
  "sct-malformed",
  "sct-log-unknown",
  "sct-signature-invalid",
  "artifact-signature-invalid",
  "attestation-malformed",
  "attestation-subject-mismatch",
  "signer-identity-mismatch",
  "signer-issuer-mismatch",
] as const;

/** One of {@link SIGSTORE_ERROR_CODES}. */
export type SigstoreErrorCode = (typeof SIGSTORE_ERROR_CODES)[number];

/** What was seen, for the sentence an operator reads; never needed to decide. Texts may be a stranger's. */
export interface SigstoreFacts {
  /** Which part: a field's path, `"log entry 0"`, a log's key id… */
  readonly subject?: string;
  /** Why a reader refused, as a short clause. */
  readonly reason?: string;
  readonly expected?: string;
  readonly actual?: string;
}

/** Why a signature is not accepted. */
export interface SigstoreError extends SigstoreFacts {
  readonly code: SigstoreErrorCode;
}

/** Longest fact, in UTF-16 units: a refusal ends in log lines, so a stranger must not choose its size. */
const FACT_LIMIT = 1024;

/** Makes a refusal; facts that are longer than anyone reads are cut. */
export function refuse(
  code: SigstoreErrorCode,
  facts: SigstoreFacts = {},
): { readonly ok: false; readonly error: SigstoreError } {
  const short = Object.entries(facts).map(([name, text]: [string, string]) => [
    name,
    text.length <= FACT_LIMIT ? text : `${text.slice(0, FACT_LIMIT)}…`,
  ]);
  return err({ code, ...Object.fromEntries(short) });
}
