import { failure } from "@mero-tee/tdx-quote";
import { expect, test } from "vitest";

import {
  KMS_CLIENT_FAILURE_CODES,
  type KmsClientFailure,
  type KmsClientFailureCode,
  describeKmsFailure,
} from "../../src/client/index.ts";

const CAUSE = failure("quote-parse", "quote-too-short");

/** One failure of each code, and a word that its sentence must hold. */
const EXAMPLES: Record<KmsClientFailureCode, readonly [failure: KmsClientFailure, word: string]> = {
  "kms-url-invalid": [{ code: "kms-url-invalid", reason: "not a URL" }, "not a URL"],
  "identity-malformed": [{ code: "identity-malformed", reason: "not 32 bytes" }, "32 bytes"],
  "kms-unreachable": [{ code: "kms-unreachable", reason: "ECONNREFUSED" }, "ECONNREFUSED"],
  "kms-timeout": [{ code: "kms-timeout", timeoutMs: 30_000 }, "30000 ms"],
  "kms-answer-too-large": [{ code: "kms-answer-too-large", limitBytes: 65_536 }, "65536"],
  "kms-refused": [
    { code: "kms-refused", status: 403, tag: "x\n\u202ey", details: "no\nmore" },
    '403 ("x\\n\\u202ey"): "no\\nmore"',
  ],
  "answer-not-json": [{ code: "answer-not-json" }, "JSON"],
  "answer-shape-invalid": [{ code: "answer-shape-invalid", field: null }, "object"],
  "answer-field-oversized": [{ code: "answer-field-oversized", field: "quoteB64" }, "quoteB64"],
  "answer-nonce-invalid": [{ code: "answer-nonce-invalid" }, "nonce"],
  "answer-key-invalid": [{ code: "answer-key-invalid" }, "key"],
  "answer-key-not-wrapped": [{ code: "answer-key-not-wrapped" }, "plain key"],
  "kms-quote-mock": [{ code: "kms-quote-mock" }, "mock"],
  "kms-report-data-mismatch": [{ code: "kms-report-data-mismatch", where: "quote" }, "carries"],
  "kms-quote-refused": [{ code: "kms-quote-refused", cause: CAUSE }, "not genuine"],
  "kms-collateral-unavailable": [{ code: "kms-collateral-unavailable", cause: CAUSE }, "collateral"],
  "kms-policy-refused": [
    { code: "kms-policy-refused", cause: { code: "policy-mismatch", mismatches: [] } },
    "not accepted",
  ],
  "quote-provider-failed": [{ code: "quote-provider-failed", reason: "no TDX device" }, "no TDX device"],
  "key-length-unexpected": [{ code: "key-length-unexpected", length: 33 }, "33 bytes"],
  "key-unwrap-failed": [{ code: "key-unwrap-failed" }, "does not open"],
};

test.each(KMS_CLIENT_FAILURE_CODES)("%s has a sentence with its facts, on one line", (code) => {
  const [example, word] = EXAMPLES[code];
  const sentence = describeKmsFailure(example);
  expect(sentence).toContain(word);
  expect(sentence).toMatch(/^[ -~]+\.$/);
});

test("words of a gateway are cut", () => {
  const page = { code: "kms-refused", status: 502, tag: null, details: "x".repeat(10_000) } as const;
  expect(describeKmsFailure(page).length).toBeLessThan(300);
});

test("a refusal without words has a sentence too", () => {
  expect(describeKmsFailure({ code: "kms-refused", status: 500, tag: null, details: null })).toContain("500");
});

test("each place of report data has a sentence of its own", () => {
  const places = ["answer", "quote", "release"] as const;
  const sentences = places.map((where) => describeKmsFailure({ code: "kms-report-data-mismatch", where }));
  expect(new Set(sentences).size).toBe(3);
});
