import { TCB_STATUSES, type VerifiedQuote } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";

import {
  type AppraisalPolicy,
  POLICY_FIELDS,
  type PolicySubject,
  evaluate,
  evaluatePolicy,
  parseMeasurement,
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
    expect(evaluate(quote, POLICY)).toStrictEqual({ ok: true, value: { verified: quote, policy: POLICY } });
  });

  test("passes on the name of the set that a quote matches, or of the nearest one", () => {
    const [mrtd, rtmr0, rtmr1, rtmr2, rtmr3] = [POLICY.mrtd, [SUBJECT.rtmr0], POLICY.rtmr1, POLICY.rtmr2, POLICY.rtmr3]
      .flat()
      .map((value) => parseMeasurement(value))
      .map((parsed) => (parsed.ok ? parsed.value : null));
    if (!mrtd || !rtmr0 || !rtmr1 || !rtmr2 || !rtmr3) throw new Error("the registers of this test must parse");
    const attributes = { td_attributes: "0000001000000000", xfam: "e742060000000000" };
    const named = { id: "2.4.0/debug/simulated", profile: "debug", machine_type: "simulated" } as const;
    const policy = { ...POLICY, measurementSets: [{ ...named, mrtd, rtmr0, rtmr1, rtmr2, rtmr3, ...attributes }] };
    const name = { id: "2.4.0/debug/simulated", release: "2.4.0" };
    expect(evaluate(verified(SUBJECT), policy)).toMatchObject({ ok: true, value: { policy, measurementSet: name } });
    // The lists alone accept this RTMR0.
    const other = verified({ ...SUBJECT, rtmr0: measurement("21") });
    expect(evaluate(other, POLICY).ok).toBe(true);
    expect(evaluate(other, policy)).toMatchObject({
      ok: false,
      error: { code: "policy-mismatch", nearestSet: { ...name, differs: ["rtmr0"] } },
    });
  });

  test("passes on what falls short of the status", () => {
    const short = [{ component: "pcesvn", has: 12, needs: 13 }];
    const quote = { ...verified({ ...SUBJECT, tcbStatus: "OutOfDate" }), short };
    expect(evaluate(quote, POLICY)).toMatchObject({ ok: false, error: { code: "policy-mismatch", short } });
  });

  test.each(POLICY_FIELDS)("refuses a verified quote with another %s", (field) => {
    const refused = evaluate(verified({ ...SUBJECT, [field]: WRONG[field] }), POLICY);
    expect(refused).toMatchObject({
      ok: false,
      error: { code: "policy-mismatch", mismatches: [{ field, actual: WRONG[field] }] },
    });
    // Without sets none can be near.
    expect(refused.ok || "nearestSet" in refused.error).toBe(false);
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
