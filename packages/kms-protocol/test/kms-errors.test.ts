import { expect, test } from "vitest";

import { KMS_ERRORS, KMS_ERROR_CODES, KMS_TAGS, kmsErrorAnswer } from "../src/index.ts";

test("the answers are those of the wire", () => {
  // Status and tag, as the protocol page lists them.
  const answers = new Set(KMS_ERROR_CODES.map((code) => KMS_ERRORS[code].join(" ")));
  expect([...answers].toSorted()).toEqual([
    "400 invalid_attestation_request",
    "400 invalid_peer_id",
    "400 invalid_peer_public_key",
    "400 invalid_request",
    "400 invalid_wrap_key",
    "401 attestation_verification_failed",
    "401 invalid_challenge",
    "401 invalid_signature",
    "401 mock_attestation_rejected",
    "401 peer_id_mismatch",
    "401 peer_identity_mismatch",
    "403 key_wrap_required",
    "403 measurement_policy_rejected",
    "403 tcb_status_rejected",
    "404 not_found",
    "405 method_not_allowed",
    "413 payload_too_large",
    "415 unsupported_media_type",
    "422 invalid_request",
    "429 rate_limited",
    "500 internal_error",
    "500 key_derivation_failed",
    "503 attestation_unavailable",
    "503 audit_unavailable",
    "503 challenge_store_unavailable",
    "503 collateral_unavailable",
    "503 policy_not_ready",
  ]);
});

test("every tag is used", () => {
  const used = new Set(KMS_ERROR_CODES.map((code) => KMS_ERRORS[code][1]));
  expect([...used].toSorted()).toEqual([...KMS_TAGS].toSorted());
});

test("an answer has details only if there are some", () => {
  expect(kmsErrorAnswer("policy-not-ready")).toEqual({ status: 503, body: { error: "policy_not_ready" } });
  expect(kmsErrorAnswer("policy-not-ready", "no policy is loaded")).toEqual({
    status: 503,
    body: { error: "policy_not_ready", details: "no policy is loaded" },
  });
});
