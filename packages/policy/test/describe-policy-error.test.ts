import { expect, test } from "vitest";

import { type AnyPolicyError, POLICY_ERROR_CODES, type PolicyErrorCode, describePolicyError } from "../src/index.ts";
import { measurement } from "./released-document.ts";

/** One error of each code, and a word that its sentence must hold. */
const EXAMPLES: Record<PolicyErrorCode, readonly [error: AnyPolicyError, word: string]> = {
  "policy-json-malformed": [{ code: "policy-json-malformed", reason: "duplicate key", offset: 7 }, "byte 7"],
  "policy-field-missing": [{ code: "policy-field-missing", field: "role" }, "role"],
  "policy-field-malformed": [{ code: "policy-field-malformed", field: "policy.x", expected: "a string" }, "policy.x"],
  "policy-schema-version-unsupported": [{ code: "policy-schema-version-unsupported", actual: "2" }, "version 2"],
  "policy-role-mismatch": [{ code: "policy-role-mismatch", expected: "kms", actual: "node" }, '"node"'],
  "policy-profile-mismatch": [{ code: "policy-profile-mismatch", expected: "debug", actual: "x" }, '"debug"'],
  "policy-tag-mismatch": [
    { code: "policy-tag-mismatch", expected: "2.4.0", actual: "2.3.0\n\u202e\u009b" },
    '"2.3.0\\n\\u202e\\u009b"',
  ],
  "policy-not-ready": [{ code: "policy-not-ready", status: "policy_not_ready" }, "policy_not_ready"],
  "policy-family-incomplete": [
    { code: "policy-family-incomplete", family: "node_allowed", missing: ["node_allowed_mrtd", "node_allowed_rtmr0"] },
    "node_allowed_mrtd, node_allowed_rtmr0",
  ],
  "policy-legacy-family-refused": [{ code: "policy-legacy-family-refused" }, "allowed_*"],
  "policy-roles-overlap": [{ code: "policy-roles-overlap", measurement: measurement("11") }, measurement("11")],
  "policy-measurement-forbidden": [
    { code: "policy-measurement-forbidden", field: "ALLOWED_RTMR3[0]", measurement: measurement("00") },
    "ALLOWED_RTMR3[0]",
  ],
  "policy-tcb-status-unknown": [{ code: "policy-tcb-status-unknown", field: "f", actual: "Fine" }, '"Fine"'],
  "policy-tcb-status-revoked": [{ code: "policy-tcb-status-revoked", field: "f[1]" }, "f[1]"],
  "policy-list-empty": [{ code: "policy-list-empty", field: "ALLOWED_TCB_STATUSES" }, "ALLOWED_TCB_STATUSES"],
  "policy-binding-contradiction": [{ code: "policy-binding-contradiction", field: "kms.b64" }, "kms.b64"],
  "policy-mismatch": [
    { code: "policy-mismatch", mismatches: [{ field: "tcbStatus", actual: "OutOfDate", allowed: [] }] },
    "tcbStatus is OutOfDate",
  ],
  "profile-unknown": [{ code: "profile-unknown", actual: "x" }, "locked-read-only"],
  "measurement-malformed": [{ code: "measurement-malformed", length: 3 }, "length 3"],
  "tcb-status-unknown": [{ code: "tcb-status-unknown", actual: "x" }, '"x"'],
  "root-hash-malformed": [{ code: "root-hash-malformed", length: 4 }, "length 4"],
};

test.each(POLICY_ERROR_CODES)("%s has a sentence with its facts, on one line", (code) => {
  const [error, word] = EXAMPLES[code];
  const sentence = describePolicyError(error);
  expect(sentence).toContain(word);
  expect(sentence).toMatch(/^[ -~]+\.$/);
});

test("a refused TCB status is named with every component that falls short", () => {
  const mismatches = [
    { field: "tcbStatus", actual: "OutOfDate", allowed: ["UpToDate"] },
    { field: "mrtd", actual: "aa", allowed: [] },
  ] as const;
  const short = [
    { component: "pcesvn", has: 12, needs: 13 },
    { component: "qe", has: 3, needs: 4 },
  ];
  expect(describePolicyError({ code: "policy-mismatch", mismatches, short })).toBe(
    "The quote is genuine but not accepted: tcbStatus is OutOfDate (pcesvn is 12, needs 13; qe is 3, needs 4); mrtd is aa.",
  );
  expect(describePolicyError({ code: "policy-mismatch", mismatches, short: [] })).toBe(
    "The quote is genuine but not accepted: tcbStatus is OutOfDate; mrtd is aa.",
  );
});
