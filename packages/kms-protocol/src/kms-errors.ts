import type { ErrorBody } from "./messages.ts";

/**
 * The tags of error answers: what stands in `error`, stable on the wire. Nodes look at some of them by name.
 *
 * Source: docs/protocol.md.
 */
export const KMS_TAGS = [
  "unsupported_media_type",
  "payload_too_large",
  "invalid_request",
  "not_found",
  "method_not_allowed",
  "internal_error",
  "invalid_peer_id",
  "key_wrap_required",
  "rate_limited",
  "challenge_store_unavailable",
  "invalid_challenge",
  "policy_not_ready",
  "invalid_wrap_key",
  "invalid_peer_public_key",
  "invalid_signature",
  "peer_identity_mismatch",
  "mock_attestation_rejected",
  "attestation_verification_failed",
  "collateral_unavailable",
  "peer_id_mismatch",
  "tcb_status_rejected",
  "measurement_policy_rejected",
  "key_derivation_failed",
  "audit_unavailable",
  "invalid_attestation_request",
  "attestation_unavailable",
] as const;

/** One of {@link KMS_TAGS}. */
export type KmsTag = (typeof KMS_TAGS)[number];

/** Every reason for which a KMS refuses a request: closed, documented, in the order of the checks. */
export const KMS_ERROR_CODES = [
  "path-unknown",
  "method-not-allowed",
  "media-type-unsupported",
  "body-too-large",
  "request-not-json",
  "request-shape-invalid",
  "internal-error",
  "rate-limited",
  "peer-id-malformed",
  "challenge-store-unavailable",
  "key-wrap-required",
  "challenge-id-malformed",
  "policy-not-ready",
  "quote-not-base64",
  "wrap-key-malformed",
  "challenge-expired",
  "challenge-unknown",
  "challenge-spent",
  "public-key-not-base64",
  "signature-not-base64",
  "public-key-malformed",
  "peer-identity-mismatch",
  "signature-invalid",
  "mock-quote-refused",
  "quote-malformed",
  "quote-nonce-mismatch",
  "quote-peer-mismatch",
  "collateral-unavailable",
  "quote-not-genuine",
  "tcb-status-refused",
  "measurements-refused",
  "wrap-key-low-order",
  "key-derivation-failed",
  "audit-unavailable",
  "attest-request-invalid",
  "attestation-unavailable",
] as const;

/** One of {@link KMS_ERROR_CODES}. */
export type KmsErrorCode = (typeof KMS_ERROR_CODES)[number];

/**
 * The status and tag with which each reason is answered. Several reasons share a tag:
 * the wire says only what a client may know, logs and metrics carry the code.
 *
 * Source: docs/protocol.md.
 */
export const KMS_ERRORS: Readonly<Record<KmsErrorCode, readonly [status: number, tag: KmsTag]>> = {
  // Before a handler runs.
  "path-unknown": [404, "not_found"],
  "method-not-allowed": [405, "method_not_allowed"],
  "media-type-unsupported": [415, "unsupported_media_type"],
  "body-too-large": [413, "payload_too_large"],
  "request-not-json": [400, "invalid_request"],
  "request-shape-invalid": [422, "invalid_request"],
  "internal-error": [500, "internal_error"],
  // Shared by the endpoints.
  "rate-limited": [429, "rate_limited"],
  "peer-id-malformed": [400, "invalid_peer_id"],
  "challenge-store-unavailable": [503, "challenge_store_unavailable"],
  // Key release, in the order of its checks.
  "key-wrap-required": [403, "key_wrap_required"],
  "challenge-id-malformed": [401, "invalid_challenge"],
  "policy-not-ready": [503, "policy_not_ready"],
  "quote-not-base64": [400, "invalid_request"],
  "wrap-key-malformed": [400, "invalid_wrap_key"],
  "challenge-expired": [401, "invalid_challenge"],
  "challenge-unknown": [401, "invalid_challenge"],
  "challenge-spent": [401, "invalid_challenge"],
  "public-key-not-base64": [400, "invalid_peer_public_key"],
  "signature-not-base64": [401, "invalid_signature"],
  "public-key-malformed": [400, "invalid_peer_public_key"],
  "peer-identity-mismatch": [401, "peer_identity_mismatch"],
  "signature-invalid": [401, "invalid_signature"],
  "mock-quote-refused": [401, "mock_attestation_rejected"],
  "quote-malformed": [401, "attestation_verification_failed"],
  "quote-nonce-mismatch": [401, "invalid_challenge"],
  "quote-peer-mismatch": [401, "peer_id_mismatch"],
  "collateral-unavailable": [503, "collateral_unavailable"],
  "quote-not-genuine": [401, "attestation_verification_failed"],
  "tcb-status-refused": [403, "tcb_status_rejected"],
  "measurements-refused": [403, "measurement_policy_rejected"],
  "wrap-key-low-order": [400, "invalid_wrap_key"],
  "key-derivation-failed": [500, "key_derivation_failed"],
  "audit-unavailable": [503, "audit_unavailable"],
  // Attestation of the KMS itself, and its quote over a sealed key.
  "attest-request-invalid": [400, "invalid_attestation_request"],
  "attestation-unavailable": [503, "attestation_unavailable"],
};

/**
 * The answer to a refused request.
 *
 * @param details - a sentence for an operator, if there is one that is safe to show
 */
export function kmsErrorAnswer(code: KmsErrorCode, details?: string): { status: number; body: ErrorBody } {
  const [status, tag] = KMS_ERRORS[code];
  return { status, body: details === undefined ? { error: tag } : { error: tag, details } };
}
