import { TCB_STATUSES } from "@mero-tee/tdx-quote";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  type AppraisalPolicy,
  type Measurement,
  type MeasurementSet,
  POLICY_FIELDS,
  type PolicySubject,
  evaluatePolicy,
  nodeRtmr3,
  parseMeasurement,
  parseReleasePolicy,
  parseTcbStatus,
  policyFromEnvironment,
} from "../src/index.ts";
import { releasedDocument } from "./released-document.ts";

const EXPECTED = { profile: "locked-read-only", tag: "2.4.0", isLegacyFile: false } as const;

const hexDigits = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(..."0123456789abcdef".split("")), minLength: length, maxLength: length });
// A handful of values, so that lists and subjects meet.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- 96 digits
const pool = fc.constantFrom(..."0123456789".split("").map((digit) => digit.repeat(96) as Measurement));
const list = fc.array(pool, { maxLength: 5 });
const status = fc.constantFrom(...TCB_STATUSES);

const policies: fc.Arbitrary<AppraisalPolicy> = fc.record({
  source: fc.constant("environment" as const),
  role: fc.constant("node" as const),
  profile: fc.constant(null),
  tag: fc.constant(null),
  generatedAt: fc.constant(null),
  tcbStatuses: fc.array(status, { maxLength: 4 }),
  mrtd: list,
  rtmr0: list,
  rtmr1: list,
  rtmr2: list,
  rtmr3: list,
});
const subjects: fc.Arbitrary<PolicySubject> = fc.record({
  tcbStatus: status,
  mrtd: pool,
  rtmr0: pool,
  rtmr1: pool,
  rtmr2: pool,
  rtmr3: pool,
});

test("parsers never throw, whatever they are given", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.uint8Array()), (input) => {
      const text = String(input);
      const results = [
        parseReleasePolicy(input, EXPECTED, "node"),
        parseReleasePolicy(input, EXPECTED, "kms"),
        parseMeasurement(text),
        parseTcbStatus(text),
        nodeRtmr3({ role: "node", profile: "debug", rootHash: text }),
        policyFromEnvironment({ ALLOWED_MRTD: text, ALLOWED_TCB_STATUSES: text }),
      ];
      for (const { ok } of results) expect(typeof ok).toBe("boolean");
    }),
  );
});

test("a document with any member replaced by any JSON is read or refused, never a crash", () => {
  const document = releasedDocument();
  const keys = [...Object.keys(document), ...Object.keys(document.policy).map((key) => `policy.${key}`)];
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.jsonValue(), (path, value) => {
      const changed = releasedDocument();
      const [first = "", second] = path.split(".");
      if (second === undefined) Object.assign(changed, { [first]: value });
      else changed.policy[second] = value;
      const text = JSON.stringify(changed);
      for (const role of ["node", "kms"] as const) {
        expect(typeof parseReleasePolicy(text, EXPECTED, role).ok).toBe("boolean");
      }
    }),
  );
});

test("a measurement survives being written in upper case and with a prefix", () => {
  fc.assert(
    fc.property(hexDigits(96), (digits) => {
      for (const text of [digits, digits.toUpperCase(), `0x${digits}`]) {
        expect(parseMeasurement(text)).toEqual({ ok: true, value: digits });
      }
    }),
  );
});

test("a quote is accepted exactly if each of its values stands in its own list", () => {
  fc.assert(
    fc.property(subjects, policies, (subject, policy) => {
      const { allowed, mismatches } = evaluatePolicy(subject, policy);
      const missing = POLICY_FIELDS.filter((field) => {
        const values: readonly string[] = field === "tcbStatus" ? policy.tcbStatuses : policy[field];
        return values.indexOf(subject[field]) < 0;
      });
      expect(mismatches.map(({ field }) => field)).toEqual(missing);
      expect(allowed).toBe(missing.length === 0);
    }),
  );
});

test("with sets, a quote is accepted exactly if one set has all its registers, and every other is refused", () => {
  const tuple = fc.record({ mrtd: pool, rtmr0: pool, rtmr1: pool, rtmr2: pool, rtmr3: pool });
  fc.assert(
    fc.property(
      policies,
      fc.array(tuple, { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(3)),
      (policy, tuples, picks) => {
        const measurementSets = tuples.map((registers, index): MeasurementSet => ({
          id: `2.4.${index}/debug/simulated`,
          profile: "debug",
          machine_type: "simulated",
          ...registers,
          td_attributes: "0000001000000000",
          xfam: "e742060000000000",
        }));
        // One register of this set, the next of that one: whatever the five lists of these columns would accept.
        const at = (index: number): MeasurementSet => {
          const set = measurementSets[(picks[index] ?? 0) % tuples.length];
          if (set === undefined) throw new Error("there is at least one set, and the index wraps");
          return set;
        };
        const mixed = {
          mrtd: at(0).mrtd,
          rtmr0: at(1).rtmr0,
          rtmr1: at(2).rtmr1,
          rtmr2: at(3).rtmr2,
          rtmr3: at(4).rtmr3,
        };
        const withSets = { ...policy, tcbStatuses: ["UpToDate"], measurementSets } as const;
        const decision = evaluatePolicy({ tcbStatus: "UpToDate", ...mixed }, withSets);
        const isWhole = tuples.some((registers) => JSON.stringify(registers) === JSON.stringify(mixed));
        expect(decision.allowed).toBe(isWhole);
        expect(decision.measurementSet !== undefined).toBe(isWhole);
        expect(decision.nearestSet === undefined).toBe(isWhole);
      },
    ),
  );
});

test("removing an entry from a list never turns a refusal into an acceptance", () => {
  fc.assert(
    fc.property(subjects, policies, fc.constantFrom(...POLICY_FIELDS), fc.nat(4), (subject, policy, field, index) => {
      const name = field === "tcbStatus" ? "tcbStatuses" : field;
      const values: readonly string[] = policy[name];
      const shorter = { ...policy, [name]: values.filter((_, position) => position !== index) } as AppraisalPolicy;
      const before = evaluatePolicy(subject, policy).allowed;
      expect(evaluatePolicy(subject, shorter).allowed && !before).toBe(false);
    }),
  );
});

test("two root hashes or two profiles never give one RTMR3", () => {
  fc.assert(
    fc.property(hexDigits(64), hexDigits(64), (first, second) => {
      fc.pre(first !== second);
      const values = [
        nodeRtmr3({ role: "node", profile: "debug", rootHash: first }),
        nodeRtmr3({ role: "node", profile: "debug", rootHash: second }),
        nodeRtmr3({ role: "node", profile: "debug-read-only", rootHash: first }),
      ].map((result) => result.ok && result.value.rtmr3);
      expect(new Set(values).size).toBe(3);
    }),
  );
});
