/**
 * The ASCII label whose SHA-256 fills the second half of the report data of a KMS quote when the asker names no binding.
 *
 * Source: docs/protocol.md.
 */
export const DEFAULT_BINDING_LABEL = "mero-kms-phala-attest-v1";
