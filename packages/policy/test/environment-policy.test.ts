import { expect, test } from "vitest";

import {
  ENVIRONMENT_POLICY_VARIABLES,
  RTMR3_NEVER_EXTENDED,
  emptyPolicyFields,
  policyFromEnvironment,
} from "../src/index.ts";
import { measurement } from "./released-document.ts";

const COMPLETE = {
  ALLOWED_TCB_STATUSES: "UpToDate, swhardeningneeded",
  ALLOWED_MRTD: measurement("11"),
  ALLOWED_RTMR0: `0x${measurement("aa").toUpperCase()} , ${measurement("bb")},${measurement("aa")}`,
  ALLOWED_RTMR1: measurement("33"),
  ALLOWED_RTMR2: measurement("44"),
  ALLOWED_RTMR3: measurement("55"),
};

test("reads comma lists of either case, with blanks and prefixes, without repeats", () => {
  expect(policyFromEnvironment({ ...COMPLETE, UNRELATED: "x" }, "debug")).toEqual({
    ok: true,
    value: {
      source: "environment",
      role: "node",
      profile: "debug",
      tag: null,
      generatedAt: null,
      tcbStatuses: ["UpToDate", "SWHardeningNeeded"],
      mrtd: [measurement("11")],
      rtmr0: [measurement("aa"), measurement("bb")],
      rtmr1: [measurement("33")],
      rtmr2: [measurement("44")],
      rtmr3: [measurement("55")],
    },
  });
});

test("unset variables accept UpToDate platforms and no measurement", () => {
  const policy = policyFromEnvironment({});
  expect(policy).toMatchObject({ ok: true, value: { profile: null, tcbStatuses: ["UpToDate"] } });
  expect(policy.ok && emptyPolicyFields(policy.value)).toEqual(["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"]);
});

test("a blank measurement variable is an empty list", () => {
  expect(policyFromEnvironment({ ...COMPLETE, ALLOWED_MRTD: " " })).toMatchObject({ ok: true, value: { mrtd: [] } });
});

test.each([
  { name: "a blank status variable", change: { ALLOWED_TCB_STATUSES: " " }, code: "policy-list-empty" },
  { name: "an empty status variable", change: { ALLOWED_TCB_STATUSES: "" }, code: "policy-list-empty" },
  { name: "an unknown status", change: { ALLOWED_TCB_STATUSES: "UpToDate,Fine" }, code: "policy-tcb-status-unknown" },
  { name: "a trailing comma", change: { ALLOWED_TCB_STATUSES: "UpToDate," }, code: "policy-tcb-status-unknown" },
  { name: "Revoked", change: { ALLOWED_TCB_STATUSES: "REVOKED" }, code: "policy-tcb-status-revoked" },
  { name: "a short measurement", change: { ALLOWED_MRTD: "11" }, code: "policy-field-malformed" },
  { name: "an empty entry", change: { ALLOWED_RTMR1: `${measurement("33")},` }, code: "policy-field-malformed" },
  {
    name: "semicolons",
    change: { ALLOWED_RTMR2: `${measurement("33")};${measurement("44")}` },
    code: "policy-field-malformed",
  },
  { name: "RTMR3 of nothing", change: { ALLOWED_RTMR3: RTMR3_NEVER_EXTENDED }, code: "policy-measurement-forbidden" },
])("refuses $name and names the variable", ({ change, code }) => {
  const [variable = ""] = Object.keys(change);
  const policy = policyFromEnvironment({ ...COMPLETE, ...change });
  expect(policy).toMatchObject({ ok: false, error: [{ code, field: expect.stringContaining(variable) as unknown }] });
});

test("lists every problem, in the order of the variables", () => {
  const policy = policyFromEnvironment({
    ALLOWED_TCB_STATUSES: "Fine,Revoked",
    ALLOWED_MRTD: "x",
    ALLOWED_RTMR0: "y,z",
    ALLOWED_RTMR3: `${RTMR3_NEVER_EXTENDED},w`,
  });
  const fields = policy.ok ? [] : policy.error.map((error) => ("field" in error ? error.field : ""));
  expect(fields).toEqual([
    "ALLOWED_TCB_STATUSES[0]",
    "ALLOWED_TCB_STATUSES[1]",
    "ALLOWED_MRTD[0]",
    "ALLOWED_RTMR0[0]",
    "ALLOWED_RTMR0[1]",
    "ALLOWED_RTMR3[0]",
    "ALLOWED_RTMR3[1]",
  ]);
});

test("names all its variables", () => {
  expect(Object.keys(COMPLETE)).toEqual([...ENVIRONMENT_POLICY_VARIABLES]);
});
