import type { KmsCallFailure } from "./kms-client.ts";
import type { KmsAttestationFailure } from "./kms-evidence.ts";

/**
 * The result codes of a node's probe, spelled as nodes spell them. `KMS_HTTP_CLIENT_SETUP_FAILED` is for callers whose
 * HTTP client cannot be made (certificate files, say); the probe itself never gives it.
 *
 * Source: docs/protocol.md.
 */
export const KMS_PROBE_CODES = [
  "OK",
  "KMS_PROFILE_POLICY_REJECTED",
  "KMS_PROVIDER_NOT_CONFIGURED",
  "KMS_HTTP_INSECURE",
  "KMS_ENDPOINT_URL_INVALID",
  "KMS_HTTP_CLIENT_SETUP_FAILED",
  "KMS_ATTEST_REJECTED",
  "KMS_ATTEST_REPORT_DATA_MISMATCH",
  "KMS_ATTEST_MOCK_QUOTE_REJECTED",
  "KMS_ATTEST_MOCK_RUNTIME_NOT_ALLOWED",
  "KMS_ATTEST_RESPONSE_OVERSIZED",
  "KMS_ATTEST_RESPONSE_INVALID",
  "KMS_ATTEST_VERIFICATION_FAILED",
  "KMS_CHALLENGE_REJECTED",
  "KMS_CHALLENGE_RESPONSE_INVALID",
  "KMS_CHALLENGE_ID_OVERSIZED",
  "KMS_CHALLENGE_NONCE_OVERSIZED",
  "KMS_CHALLENGE_NONCE_INVALID",
  "KMS_CHALLENGE_REQUEST_FAILED",
  "KMS_GET_KEY_ATTESTATION_FAILED",
  "KMS_GET_KEY_SIGNATURE_FAILED",
  "KMS_GET_KEY_REJECTED",
  "KMS_GET_KEY_RESPONSE_INVALID",
  "KMS_KEY_INVALID",
  "KMS_GET_KEY_REQUEST_FAILED",
] as const;

/** One of {@link KMS_PROBE_CODES}. */
export type KmsProbeCode = (typeof KMS_PROBE_CODES)[number];

/** How far a probe came: settings, then the three calls. */
export type KmsProbeStage = "transport" | "attest" | "challenge" | "get_key";

type CallStage = Exclude<KmsProbeStage, "transport">;
type CallFailureCode = Exclude<KmsCallFailure["code"], "kms-refused" | "answer-field-oversized">;

/** What a probe of each stage calls a failed call. Nodes have one word for all refusals and failures of `/attest`. */
const CALL_FAILURES: Readonly<Record<CallStage, Readonly<Record<CallFailureCode, KmsProbeCode>>>> = {
  attest: {
    "kms-unreachable": "KMS_ATTEST_REJECTED",
    "kms-timeout": "KMS_ATTEST_REJECTED",
    "kms-answer-too-large": "KMS_ATTEST_RESPONSE_OVERSIZED",
    "answer-not-json": "KMS_ATTEST_RESPONSE_INVALID",
    "answer-shape-invalid": "KMS_ATTEST_RESPONSE_INVALID",
    "answer-nonce-invalid": "KMS_ATTEST_RESPONSE_INVALID",
    "answer-key-invalid": "KMS_ATTEST_RESPONSE_INVALID",
  },
  challenge: {
    "kms-unreachable": "KMS_CHALLENGE_REQUEST_FAILED",
    "kms-timeout": "KMS_CHALLENGE_REQUEST_FAILED",
    "kms-answer-too-large": "KMS_CHALLENGE_RESPONSE_INVALID",
    "answer-not-json": "KMS_CHALLENGE_RESPONSE_INVALID",
    "answer-shape-invalid": "KMS_CHALLENGE_RESPONSE_INVALID",
    "answer-nonce-invalid": "KMS_CHALLENGE_NONCE_INVALID",
    "answer-key-invalid": "KMS_CHALLENGE_RESPONSE_INVALID",
  },
  get_key: {
    "kms-unreachable": "KMS_GET_KEY_REQUEST_FAILED",
    "kms-timeout": "KMS_GET_KEY_REQUEST_FAILED",
    "kms-answer-too-large": "KMS_GET_KEY_RESPONSE_INVALID",
    "answer-not-json": "KMS_GET_KEY_RESPONSE_INVALID",
    "answer-shape-invalid": "KMS_GET_KEY_RESPONSE_INVALID",
    "answer-nonce-invalid": "KMS_GET_KEY_RESPONSE_INVALID",
    "answer-key-invalid": "KMS_KEY_INVALID",
  },
};

/** What a probe calls a KMS that answered but is not believed. */
const ATTESTATION_FAILURES: Readonly<Record<KmsAttestationFailure["code"], KmsProbeCode>> = {
  "kms-quote-mock": "KMS_ATTEST_MOCK_QUOTE_REJECTED",
  "kms-report-data-mismatch": "KMS_ATTEST_REPORT_DATA_MISMATCH",
  "kms-quote-refused": "KMS_ATTEST_VERIFICATION_FAILED",
  "kms-collateral-unavailable": "KMS_ATTEST_VERIFICATION_FAILED",
  "kms-policy-refused": "KMS_PROFILE_POLICY_REJECTED",
};

/** Tags that mean the same at every stage. */
const POLICY_TAGS: ReadonlySet<string> = new Set(["measurement_policy_rejected", "profile_policy_rejected"]);

/** Tags of a refused key release that have a code of their own. */
const GET_KEY_TAGS: ReadonlyMap<string, KmsProbeCode> = new Map([
  ["attestation_verification_failed", "KMS_GET_KEY_ATTESTATION_FAILED"],
  ["mock_attestation_rejected", "KMS_GET_KEY_ATTESTATION_FAILED"],
  ["invalid_signature", "KMS_GET_KEY_SIGNATURE_FAILED"],
]);

/** The probe's code for a failed call. */
export function probeCodeOfCall(stage: CallStage, failure: KmsCallFailure): KmsProbeCode {
  if (failure.code === "kms-refused") return probeCodeOfRefusal(stage, failure.tag ?? "");
  if (failure.code !== "answer-field-oversized") return CALL_FAILURES[stage][failure.code];
  if (failure.field === "challengeId") return "KMS_CHALLENGE_ID_OVERSIZED";
  return failure.field === "nonceB64" ? "KMS_CHALLENGE_NONCE_OVERSIZED" : "KMS_ATTEST_RESPONSE_OVERSIZED";
}

/** The probe's code for a KMS that is not believed. */
export function probeCodeOfAttestation(failure: KmsAttestationFailure): KmsProbeCode {
  return ATTESTATION_FAILURES[failure.code];
}

function probeCodeOfRefusal(stage: CallStage, tag: string): KmsProbeCode {
  if (POLICY_TAGS.has(tag)) return "KMS_PROFILE_POLICY_REJECTED";
  if (stage === "attest") return "KMS_ATTEST_REJECTED";
  if (stage === "challenge") return "KMS_CHALLENGE_REJECTED";
  return GET_KEY_TAGS.get(tag) ?? "KMS_GET_KEY_REJECTED";
}
