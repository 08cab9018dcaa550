import { describe, expect, test } from "vitest";
import { describeFailure } from "../src/describe-failure.ts";
import { failure, FAILURE_CODES } from "../src/failure.ts";

const FULL = {
  subject: "PCK leaf",
  offset: 632,
  expected: 4,
  actual: 3,
  reason: "wrong place",
  short: [
    { component: "sgx[3]", has: 1, needs: 2 },
    { component: "pcesvn", has: 10, needs: 11 },
  ],
};

describe("a refusal in words", () => {
  test.each(FAILURE_CODES)("%s is a sentence without facts and with them", (code) => {
    for (const sentence of [describeFailure(failure("fetch", code)), describeFailure(failure("fetch", code, FULL))]) {
      expect(sentence).toMatch(/^[A-Z].{20,}\.$/);
      expect(sentence).not.toMatch(/undefined|null|NaN|\[object| {2}|:\.|\(\)/);
    }
  });

  test.each([
    {
      code: "quote-truncated",
      facts: { offset: 632, expected: 4, actual: 1 },
      sentence:
        "The quote ends in the middle of a field at byte 632 (expected 4 bytes, got 1 bytes); check that it was copied whole.",
    },
    {
      code: "certificate-expired",
      facts: { subject: "PCK leaf", expected: 1750809600, actual: 1750809601 },
      sentence:
        "The PCK leaf has expired (2025-06-25T00:00:00Z, judged at 2025-06-25T00:00:01Z); check the time of judgement.",
    },
    {
      code: "crl-expired",
      facts: { subject: "PCK CRL", expected: -1, actual: "later" },
      sentence: "The PCK CRL has expired (-1, judged at later). Fetch current collateral and try again.",
    },
    {
      code: "tcb-not-supported",
      facts: { subject: "platform", short: FULL.short },
      sentence:
        "The platform is below every security version that Intel still lists: sgx[3] is 1, needs 2; pcesvn is 10, needs 11; update firmware, TDX module or quoting enclave.",
    },
    {
      code: "tcb-revoked",
      facts: { subject: "quoting enclave", actual: "qe 3", short: [{ component: "qe", has: 3, needs: 4 }] },
      sentence:
        "Intel has revoked the security version of the quoting enclave (qe 3): qe is 3, needs 4; it must be updated before it can be trusted.",
    },
    {
      code: "tcb-revoked",
      facts: { subject: "TDX module", actual: "tdx-module 6", reason: "Intel lists no better one for the TDX module" },
      sentence:
        "Intel has revoked the security version of the TDX module (tdx-module 6); Intel lists no better one for the TDX module; it must be updated before it can be trusted.",
    },
    {
      code: "tdx-module-mismatch",
      facts: { subject: "version", expected: "TDX_03 SVN 3 or TDX_01 SVN 6", actual: "TDX_02 SVN 6" },
      sentence:
        "The TDX module is not one that the TCB info lists: version (expected TDX_03 SVN 3 or TDX_01 SVN 6, got TDX_02 SVN 6).",
    },
    {
      code: "early-collateral-older",
      facts: { subject: "evaluation data number of the TCB info", expected: 19, actual: 18 },
      sentence:
        "The early collateral is older than the standard one, so it foretells nothing: evaluation data number of the TCB info (expected 19, got 18); fetch it with update=early.",
    },
    {
      code: "tcb-info-malformed",
      facts: { subject: "tcbLevels", reason: "must not be empty" },
      sentence: "The TCB info in the collateral is malformed: tcbLevels must not be empty.",
    },
    {
      code: "tcb-info-malformed",
      facts: { subject: "", reason: "too large" },
      sentence: "The TCB info in the collateral is malformed: too large.",
    },
    {
      code: "fetch-failed",
      facts: { subject: "root CA CRL" },
      sentence: "Fetching failed: root CA CRL; check network, service URL and proxy.",
    },
  ] as const)("$code uses its facts", ({ code, facts, sentence }) => {
    expect(describeFailure(failure("fetch", code, facts))).toBe(sentence);
  });

  test("shows nothing of a foreign value that could steer a terminal", () => {
    const sentence = describeFailure(
      failure("pck-chain", "chain-role-mismatch", { actual: "\u001b[2J\u202eevil\n\u0000" }),
    );
    expect(sentence).toContain("\ufffd[2J\ufffdevil\ufffd\ufffd");
    expect(sentence).toMatch(/^[\p{L}\p{N}\p{P}\p{S} ]+$/u);
  });

  test("names every component that falls short, however many there are", () => {
    const short = Array.from({ length: 34 }, (_, index) => ({ component: `sgx[${index}]`, has: 1, needs: 255 }));
    const sentence = describeFailure(failure("tcb-status", "tcb-not-supported", { subject: "platform", short }));
    expect(short.filter(({ component }) => !sentence.includes(`${component} is 1, needs 255`))).toEqual([]);
  });

  test("shortens a long foreign value", () => {
    const sentence = describeFailure(failure("pck-chain", "chain-role-mismatch", { actual: "x".repeat(10_000) }));
    expect(sentence.length).toBeLessThan(300);
  });
});
