import { describe, expect, test } from "vitest";

import {
  type AppraisalPolicy,
  type MeasurementField,
  type PolicySubject,
  RTMR3_NEVER_EXTENDED,
  describePolicyError,
  emptyPolicyFields,
  evaluatePolicy,
  parseMachineType,
  parseMeasurementSetId,
  parseReleasePolicy,
} from "../src/index.ts";
import { allowedValues } from "../src/appraisal-policy.ts";
import { type Json, changedDocument, measurement } from "./released-document.ts";

const EXPECTED = { profile: "locked-read-only", tag: "2.4.0", isLegacyFile: false } as const;

/** A set whose registers are one repeated byte each. */
function set(release: string, bytes: readonly [string, string, string, string, string], machineType = "c3-standard-4") {
  const [mrtd, rtmr0, rtmr1, rtmr2, rtmr3] = bytes;
  return {
    id: `${release}/locked-read-only/${machineType}`,
    profile: "locked-read-only",
    machine_type: machineType,
    mrtd: measurement(mrtd),
    rtmr0: measurement(rtmr0),
    rtmr1: measurement(rtmr1),
    rtmr2: measurement(rtmr2),
    rtmr3: measurement(rtmr3),
    td_attributes: "0000001000000000",
    xfam: "e742060000000000",
  };
}

// Two releases on one firmware: MRTD and RTMR0 are the machine's, RTMR1 to RTMR3 the image's.
const CURRENT = set("2.4.0", ["11", "21", "31", "41", "51"]);
const PREVIOUS = set("2.3.9", ["11", "21", "32", "42", "52"]);
const LARGER = set("2.4.0", ["11", "22", "31", "41", "51"], "c3-standard-22");

function documentWith(sets: unknown, change: (policy: Json) => void = () => {}): string {
  return changedDocument(({ policy }) => {
    policy["node_measurement_sets"] = sets;
    change(policy);
  });
}

function policyWith(sets: unknown, change?: (policy: Json) => void): AppraisalPolicy {
  const policy = parseReleasePolicy(documentWith(sets, change), EXPECTED, "node");
  if (!policy.ok) throw new Error(describePolicyError(policy.error));
  return policy.value;
}

/** The five lists as the columns of the sets, as releases write them. */
function columns(sets: readonly Record<MeasurementField, string>[]): (policy: Json) => void {
  return (policy) => {
    for (const field of ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const) {
      policy[`node_allowed_${field}`] = sets.map((each) => each[field]);
    }
  };
}

function subjectOf({ mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }: Record<MeasurementField, string>): PolicySubject {
  return { tcbStatus: "UpToDate", mrtd, rtmr0, rtmr1, rtmr2, rtmr3 };
}

describe("a policy with measurement sets", () => {
  const sets = [CURRENT, PREVIOUS, LARGER];
  const policy = policyWith(sets, columns(sets));

  test.each(sets)("accepts a machine that is $id, and names it", (each) => {
    expect(evaluatePolicy(subjectOf(each), policy)).toEqual({
      allowed: true,
      mismatches: [],
      measurementSet: { id: each.id, release: each.id.split("/")[0] },
    });
  });

  test("allows a register what it has in any set, whatever its list says", () => {
    const withOtherLists = policyWith(sets, columns([set("9.9.9", ["91", "92", "93", "94", "95"])]));
    expect(allowedValues(withOtherLists, "rtmr1")).toEqual(sets.map(({ rtmr1 }) => rtmr1));
    expect(allowedValues(withOtherLists, "tcbStatus")).toEqual(["UpToDate"]);
  });

  test("refuses a mixture of two sets, which the five lists alone accept", () => {
    // The kernel of the previous release under the command line and RTMR3 of the current one.
    const mixed = { ...subjectOf(CURRENT), rtmr1: PREVIOUS.rtmr1 };
    const { measurementSets: _, ...listsOnly } = policy;
    expect(evaluatePolicy(mixed, listsOnly)).toEqual({ allowed: true, mismatches: [] });
    expect(evaluatePolicy(mixed, policy)).toEqual({
      allowed: false,
      mismatches: [{ field: "rtmr1", actual: PREVIOUS.rtmr1, allowed: [CURRENT.rtmr1] }],
      nearestSet: { id: CURRENT.id, release: "2.4.0", differs: ["rtmr1"] },
    });
  });

  test("names the nearest set and every register in which it differs, and of equals the first", () => {
    const foreign = { ...subjectOf(PREVIOUS), rtmr0: measurement("f0"), rtmr3: measurement("f3") };
    expect(evaluatePolicy(foreign, policy)).toMatchObject({
      allowed: false,
      nearestSet: { id: PREVIOUS.id, differs: ["rtmr0", "rtmr3"] },
    });
    const noneAtAll = { ...subjectOf(CURRENT), rtmr0: measurement("f0") };
    expect(evaluatePolicy(noneAtAll, policy).nearestSet?.id).toBe(CURRENT.id);
  });

  test("lets the lists decide nothing, neither for nor against", () => {
    const foreign = set("9.9.9", ["91", "92", "93", "94", "95"]);
    const withOtherLists = policyWith(sets, columns([foreign]));
    expect(evaluatePolicy(subjectOf(CURRENT), withOtherLists).allowed).toBe(true);
    expect(evaluatePolicy(subjectOf(foreign), withOtherLists).allowed).toBe(false);
    const withEmptyLists = policyWith(sets, columns([]));
    expect(emptyPolicyFields(withEmptyLists)).toEqual([]);
    expect(evaluatePolicy(subjectOf(CURRENT), withEmptyLists).allowed).toBe(true);
  });

  test("still judges the TCB status, and names the set that matches beside it", () => {
    expect(evaluatePolicy({ ...subjectOf(CURRENT), tcbStatus: "OutOfDate" }, policy)).toEqual({
      allowed: false,
      mismatches: [{ field: "tcbStatus", actual: "OutOfDate", allowed: ["UpToDate"] }],
      measurementSet: { id: CURRENT.id, release: "2.4.0" },
    });
  });

  test("accepts nothing without a set, and says so for every register", () => {
    const empty = { ...policy, measurementSets: [] };
    expect(emptyPolicyFields(empty)).toEqual(["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"]);
    const decision = evaluatePolicy(subjectOf(CURRENT), empty);
    expect(decision.allowed).toBe(false);
    expect(decision.mismatches.map(({ field, allowed }) => ({ field, allowed }))).toEqual(
      ["mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3"].map((field) => ({ field, allowed: [] })),
    );
  });

  test("says in words which set was nearest", () => {
    const { mismatches, nearestSet } = evaluatePolicy({ ...subjectOf(CURRENT), rtmr1: PREVIOUS.rtmr1 }, policy);
    if (nearestSet === undefined) throw new Error("a set must be nearest");
    expect(describePolicyError({ code: "policy-mismatch", mismatches, nearestSet })).toBe(
      `The quote is genuine but not accepted: rtmr1 is ${PREVIOUS.rtmr1}. ` +
        "The nearest measurement set is 2.4.0/locked-read-only/c3-standard-4, which differs in rtmr1.",
    );
  });
});

/** A refusal that says what it expected. */
function malformed(field: string): unknown {
  return { code: "policy-field-malformed", field, expected: expect.stringMatching(/./) };
}

describe("a document with measurement sets", () => {
  test("is read with its sets for nodes, normalised", () => {
    const upper = { ...CURRENT, mrtd: `0x${CURRENT.mrtd.toUpperCase()}`, xfam: "0xE742060000000000", later: 7 };
    expect(policyWith([upper]).measurementSets).toEqual([CURRENT]);
  });

  test("has none for a KMS, whose RTMR3 holds instance data", () => {
    const policy = parseReleasePolicy(documentWith([CURRENT]), EXPECTED, "kms");
    expect(policy.ok && policy.value.measurementSets).toBe(undefined);
  });

  test("may tell two sets of one machine type apart by a fourth part of the id", () => {
    const later = { ...CURRENT, id: `${CURRENT.id}/firmware-2`, mrtd: measurement("12") };
    expect(policyWith([CURRENT, later]).measurementSets).toHaveLength(2);
  });

  const at = "policy.node_measurement_sets";
  test.each<{ name: string; sets: unknown; error: unknown }>([
    { name: "an empty list", sets: [], error: { code: "policy-list-empty", field: at } },
    { name: "no list", sets: {}, error: malformed(at) },
    { name: "null", sets: null, error: malformed(at) },
    {
      name: "an entry that is no object",
      sets: [CURRENT, 7],
      error: malformed(`${at}[1]`),
    },
    {
      name: "one id for two sets",
      sets: [CURRENT, { ...PREVIOUS, id: CURRENT.id }],
      error: malformed(at),
    },
    {
      name: "a set of another profile",
      sets: [{ ...CURRENT, profile: "debug" }],
      error: malformed(`${at}[0].profile`),
    },
    {
      name: "an id of another profile",
      sets: [{ ...CURRENT, id: "2.4.0/debug/c3-standard-4" }],
      error: malformed(`${at}[0].id`),
    },
    {
      name: "an id of another machine type",
      sets: [{ ...CURRENT, id: "2.4.0/locked-read-only/c3-standard-8" }],
      error: malformed(`${at}[0].id`),
    },
    {
      name: "an id that breaks a log line",
      sets: [{ ...CURRENT, id: `${CURRENT.id}/a\nb` }],
      error: malformed(`${at}[0].id`),
    },
    {
      name: "a machine type that is none",
      sets: [{ ...CURRENT, machine_type: "C3" }],
      error: malformed(`${at}[0].machine_type`),
    },
    {
      name: "a register of the wrong length",
      sets: [{ ...CURRENT, rtmr2: "41" }],
      error: malformed(`${at}[0].rtmr2`),
    },
    {
      name: "a register that is no text",
      sets: [{ ...CURRENT, rtmr2: null }],
      error: malformed(`${at}[0].rtmr2`),
    },
    {
      name: "an RTMR3 that nobody extended",
      sets: [{ ...CURRENT, rtmr3: RTMR3_NEVER_EXTENDED }],
      error: { code: "policy-measurement-forbidden", field: `${at}[0].rtmr3` },
    },
    {
      name: "attributes that are no 8 bytes",
      sets: [{ ...CURRENT, td_attributes: "00" }],
      error: malformed(`${at}[0].td_attributes`),
    },
    {
      name: "an XFAM that is no hex",
      sets: [{ ...CURRENT, xfam: "g742060000000000" }],
      error: malformed(`${at}[0].xfam`),
    },
    {
      name: "an XFAM with 0x in its middle",
      sets: [{ ...CURRENT, xfam: "e70x42060000000000" }],
      error: malformed(`${at}[0].xfam`),
    },
  ])("is refused in either role for $name", ({ sets, error }) => {
    for (const role of ["node", "kms"] as const) {
      expect(parseReleasePolicy(documentWith(sets), EXPECTED, role)).toMatchObject({ ok: false, error });
    }
  });

  test.each(Object.keys(CURRENT))("is refused for a set without %s", (member) => {
    const { [member]: _, ...rest } = CURRENT as Json;
    expect(parseReleasePolicy(documentWith([rest]), EXPECTED, "node")).toMatchObject({
      ok: false,
      error: { code: "policy-field-missing", field: `${at}[0].${member}` },
    });
  });

  test("is refused where a set has the RTMR3 of the KMS, which could then pass as a node", () => {
    const text = documentWith([CURRENT], (policy) => (policy["kms_allowed_rtmr3"] = [CURRENT.rtmr3]));
    expect(parseReleasePolicy(text, EXPECTED, "node")).toEqual({
      ok: false,
      error: { code: "policy-roles-overlap", measurement: CURRENT.rtmr3 },
    });
  });

  test("still needs its lists, which other readers go by", () => {
    const text = documentWith([CURRENT], (policy) => delete policy["node_allowed_rtmr2"]);
    expect(parseReleasePolicy(text, EXPECTED, "node")).toMatchObject({
      ok: false,
      error: { code: "policy-family-incomplete" },
    });
  });
});

describe("parseMeasurementSetId", () => {
  test.each([
    "2.4.0/debug/simulated",
    "2.4.0-rc.1/debug-read-only/n2d-standard-2",
    "2.4.0+build-1/debug/3a",
    "0.0.1/debug/a/b.c-D_1",
    "12.34.56/debug/9.-z/7",
    `2.4.0/debug/${"a".repeat(63)}`,
    `2.4.0/debug/a/${"b".repeat(114)}`,
  ])("reads %s", (text) => expect(parseMeasurementSetId(text)).toBe(text));

  test.each([
    "",
    "2.4/debug/a",
    "v2.4.0/debug/a",
    "2.4.0/production/a",
    "2.4.0/debug/",
    "2.4.0/debug/A",
    "2.4.0/debug/a/",
    "2.4.0/debug/a/b/c",
    "2.4.0/debug/a/b c",
    "2.4.0/debug/a\n",
    "2.4.0-/debug/a",
    "2.4.0-rc_1/debug/a",
    "2.4.0rc/debug/a",
    "2.4.0/debug/-a",
    "2.4.0/debug/a/-b",
    "a/2.4.0/debug/a",
    `2.4.0/debug/${"a".repeat(64)}`,
    `2.4.0/debug/a/${"b".repeat(115)}`,
  ])("refuses %j", (text) => expect(parseMeasurementSetId(text)).toBe(null));
});

describe("parseMachineType", () => {
  test.each(["c3-standard-4", "4", "n2d.x", "a".repeat(63)])("reads %s", (text) =>
    expect(parseMachineType(text)).toBe(text),
  );

  test.each(["", "-c3", "c3/x", "c3_x", "x c3", "C3", "a".repeat(64)])("refuses %j", (text) =>
    expect(parseMachineType(text)).toBe(null),
  );
});
