import { TCB_STATUSES, type VerifiedQuote } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";

import {
  type AppraisalPolicy,
  POLICY_FIELDS,
  type PolicySubject,
  evaluate,
  evaluatePolicy,
  parseTcbStatus,
  policyFromEnvironment,
} from "../src/index.ts";
import { measurement } from "./released-document.ts";

function environmentPolicy(): AppraisalPolicy {
  const policy = policyFromEnvironment({
    ALLOWED_MRTD: measurement("11"),
    ALLOWED_RTMR0: `${measurement("21")},${measurement("22")}`,
    ALLOWED_RTMR1: measurement("33"),
    ALLOWED_RTMR2: measurement("44"),
    ALLOWED_RTMR3: measurement("55"),
  });
  if (!policy.ok) throw new Error("the policy of this test must parse");
  return policy.value;
}

const POLICY = environmentPolicy();
const SUBJECT: PolicySubject = {
  tcbStatus: "UpToDate",
  mrtd: measurement("11"),
  rtmr0: measurement("22"),
  rtmr1: measurement("33"),
  rtmr2: measurement("44"),
  rtmr3: measurement("55"),
};
const WRONG: PolicySubject = {
  tcbStatus: "OutOfDate",
  mrtd: measurement("f1"),
  rtmr0: measurement("f2"),
  rtmr1: measurement("f3"),
  rtmr2: measurement("f4"),
  rtmr3: measurement("f5"),
};

/** Only the members that a policy looks at; whole verified quotes are made by the verifier alone. */
function verified(subject: PolicySubject): VerifiedQuote {
  const members: unknown = { tcbStatus: subject.tcbStatus, quote: { report: subject } };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stand-in with what is looked at
  return members as VerifiedQuote;
}

describe("evaluatePolicy", () => {
  test("accepts what is in every list", () => {
    expect(evaluatePolicy(SUBJECT, POLICY)).toEqual({ allowed: true, mismatches: [] });
  });

  test.each(POLICY_FIELDS)("refuses another %s and names it with what is accepted", (field) => {
    const allowed = field === "tcbStatus" ? POLICY.tcbStatuses : POLICY[field];
    expect(evaluatePolicy({ ...SUBJECT, [field]: WRONG[field] }, POLICY)).toEqual({
      allowed: false,
      mismatches: [{ field, actual: WRONG[field], allowed }],
    });
  });

  test.each(POLICY_FIELDS)("an empty list for %s accepts nothing", (field) => {
    const list = field === "tcbStatus" ? "tcbStatuses" : field;
    expect(evaluatePolicy(SUBJECT, { ...POLICY, [list]: [] })).toEqual({
      allowed: false,
      mismatches: [{ field, actual: SUBJECT[field], allowed: [] }],
    });
  });

  test("names every mismatch in order", () => {
    const { mismatches } = evaluatePolicy(WRONG, POLICY);
    expect(mismatches.map(({ field }) => field)).toEqual(["tcbStatus", "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"]);
  });

  test("does not find a register's value in another register's list", () => {
    const swapped = { ...SUBJECT, rtmr1: SUBJECT.rtmr2, rtmr2: SUBJECT.rtmr1 };
    expect(evaluatePolicy(swapped, POLICY).mismatches.map(({ field }) => field)).toEqual(["rtmr1", "rtmr2"]);
  });

  test("takes upper-case subjects for other values", () => {
    const policy = { ...POLICY, mrtd: POLICY.mrtd };
    expect(evaluatePolicy({ ...SUBJECT, mrtd: measurement("AB") }, policy).allowed).toBe(false);
  });
});

describe("evaluate", () => {
  test("turns a verified quote into an accepted one", () => {
    const quote = verified(SUBJECT);
    expect(evaluate(quote, POLICY)).toEqual({ ok: true, value: { verified: quote, policy: POLICY } });
  });

  test("passes on what falls short of the status", () => {
    const short = [{ component: "pcesvn", has: 12, needs: 13 }];
    const quote = { ...verified({ ...SUBJECT, tcbStatus: "OutOfDate" }), short };
    expect(evaluate(quote, POLICY)).toMatchObject({ ok: false, error: { code: "policy-mismatch", short } });
  });

  test.each(POLICY_FIELDS)("refuses a verified quote with another %s", (field) => {
    expect(evaluate(verified({ ...SUBJECT, [field]: WRONG[field] }), POLICY)).toMatchObject({
      ok: false,
      error: { code: "policy-mismatch", mismatches: [{ field, actual: WRONG[field] }] },
    });
  });
});

describe("parseTcbStatus", () => {
  test.each(TCB_STATUSES)("reads %s in any spelling", (status) => {
    for (const word of [status, status.toLowerCase(), status.toUpperCase(), ` ${status.split("").join("-")} `]) {
      expect(parseTcbStatus(word)).toEqual({ ok: true, value: status });
    }
  });

  test.each(["", "-", "fine", "UpToDates", "UpToDatë", "constructor"])("refuses %j", (word) => {
    expect(parseTcbStatus(word)).toEqual({ ok: false, error: { code: "tcb-status-unknown", actual: word } });
  });
});
