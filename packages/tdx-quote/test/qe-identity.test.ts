import { describe, expect, test } from "vitest";
import { matchQeIdentity, parseQeIdentity, type QeIdentity } from "../src/qe-identity.ts";
import { parseQuote } from "../src/quote.ts";
import type { QeReport } from "../src/qe-report.ts";
import { qeIdentityDocument, svnLevel } from "./signed-documents.ts";
import { writeQuote } from "./synthetic-quote.ts";

const validText = JSON.stringify(qeIdentityDocument());

function withChanges(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(qeIdentityDocument(changes));
}

describe("a QE identity", () => {
  test("gives its fields, hex in lower case, levels highest first", () => {
    const text = withChanges({ tcbLevels: [svnLevel(2, "OutOfDate", ["INTEL-SA-1"]), svnLevel(4)] });
    expect(parseQeIdentity(text)).toMatchObject({
      ok: true,
      value: {
        id: "TD_QE",
        issueDate: Date.parse("2025-06-02T00:00:00Z") / 1000,
        nextUpdate: Date.parse("2025-07-02T00:00:00Z") / 1000,
        tcbEvaluationDataNumber: 17,
        miscSelect: "00000000",
        miscSelectMask: "ffffffff",
        attributes: "11000000000000000000000000000000",
        attributesMask: "fbffffffffffffff0000000000000000",
        mrSigner: "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5",
        isvProdId: 2,
        levels: [
          { isvSvn: 4, tcbStatus: "UpToDate", advisoryIds: [] },
          { isvSvn: 2, tcbStatus: "OutOfDate", advisoryIds: ["INTEL-SA-1"] },
        ],
      },
    });
  });

  test.each(["QE", "QVE"] as const)("of %s parses: its signature is judged before its type", (id) => {
    expect(parseQeIdentity(withChanges({ id }))).toMatchObject({ ok: true, value: { id } });
  });

  test.each([1, 3])("of version %d is not supported", (version) => {
    expect(parseQeIdentity(withChanges({ version, id: undefined }))).toMatchObject({
      ok: false,
      error: { stage: "collateral-parse", code: "qe-identity-version-unsupported", facts: { actual: version } },
    });
  });

  test.each([
    { name: "empty", text: "" },
    { name: "not JSON", text: "{" },
    { name: "a number", text: "2" },
    { name: "with mrsigner twice", text: validText.replace("{", '{"mrsigner":"",') },
    { name: "of another id", text: withChanges({ id: "TDX" }) },
    { name: "with version as text", text: withChanges({ version: "2" }) },
    { name: "with miscselect of 3 bytes", text: withChanges({ miscselect: "000000" }) },
    { name: "with miscselectMask of 5 bytes", text: withChanges({ miscselectMask: "0000000000" }) },
    { name: "with attributes of 15 bytes", text: withChanges({ attributes: "0".repeat(30) }) },
    { name: "with attributesMask that is not hex", text: withChanges({ attributesMask: "g".repeat(32) }) },
    { name: "with mrsigner of 31 bytes", text: withChanges({ mrsigner: "0".repeat(62) }) },
    { name: "with isvprodid 65536", text: withChanges({ isvprodid: 65536 }) },
    { name: "with a date of no calendar", text: withChanges({ nextUpdate: "2025-06-31T00:00:00Z" }) },
    { name: "without levels", text: withChanges({ tcbLevels: [] }) },
    {
      name: "with two levels of one ISVSVN",
      text: withChanges({ tcbLevels: [svnLevel(1), svnLevel(1, "OutOfDate")] }),
    },
    { name: "with an unknown status", text: withChanges({ tcbLevels: [svnLevel(1, "SWHardeningNeeded")] }) },
    ...Object.keys(qeIdentityDocument()).map((key) => ({
      name: `without ${key}`,
      text: withChanges({ [key]: undefined }),
    })),
  ])("$name is malformed", ({ text }) => {
    expect(parseQeIdentity(text)).toMatchObject({
      ok: false,
      error: { stage: "collateral-parse", code: "qe-identity-malformed" },
    });
  });
});

test.each([
  { text: "[]", facts: { subject: "", reason: "must be an object" } },
  { text: withChanges({ version: "2" }), facts: { subject: "version", reason: expect.stringMatching(/^must be/) } },
  { text: withChanges({ mrsigner: "00" }), facts: { subject: "mrsigner", reason: "must be 64 hex digits" } },
])("the place where a QE identity is malformed is named: $facts.subject", ({ text, facts }) => {
  expect(parseQeIdentity(text)).toMatchObject({ error: { code: "qe-identity-malformed", facts } });
});

/** What Intel's quoting enclave reports: initialised, 64-bit, extended features in the upper half. */
function qeReport(changes: (bytes: Uint8Array) => void = () => undefined): QeReport {
  const bytes = new Uint8Array(384);
  bytes[48] = 0x15;
  bytes[56] = 0xe7;
  bytes.set(Buffer.from("dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5", "hex"), 128);
  bytes[256] = 2;
  bytes[258] = 4;
  changes(bytes);
  const quote = parseQuote(writeQuote({ qeReport: bytes }));
  if (!quote.ok) throw new Error(quote.error.code);
  return quote.value.qeReport;
}

function identity(changes: Readonly<Record<string, unknown>> = {}): QeIdentity {
  const parsed = parseQeIdentity(withChanges(changes));
  if (!parsed.ok) throw new Error(parsed.error.code);
  return parsed.value;
}

/** Sets one byte of a QE report. */
function set(offset: number, value: number) {
  return (bytes: Uint8Array) => void (bytes[offset] = value);
}

describe("a QE report", () => {
  test("of Intel's TD quoting enclave matches", () => {
    expect(matchQeIdentity(qeReport(), identity())).toEqual({ ok: true, value: null });
  });

  test.each([
    { name: "MISCSELECT bit outside the mask", change: set(16, 1), changes: { miscselectMask: "FEFFFFFF" } },
    { name: "attribute bit outside the mask", change: set(63, 0x80), changes: {} },
    { name: "attribute bit 2, which the mask leaves out", change: set(48, 0x11), changes: {} },
  ])("matches with a $name", ({ change, changes }) => {
    expect(matchQeIdentity(qeReport(change), identity(changes)).ok).toBe(true);
  });

  test.each([
    { name: "the debug bit", change: set(48, 0x17), changes: {}, code: "qe-debug-enabled" },
    {
      name: "the debug bit, which the mask leaves out",
      change: set(48, 0x17),
      changes: { attributesMask: "00".repeat(16), attributes: "00".repeat(16) },
      code: "qe-debug-enabled",
    },
    {
      name: "the debug bit that the identity expects",
      change: set(48, 0x13),
      changes: { attributes: `13${"00".repeat(15)}` },
      code: "qe-debug-enabled",
    },
    { name: "another MRSIGNER", change: set(159, 0xc4), changes: {}, code: "qe-mrsigner-mismatch" },
    { name: "another product", change: set(256, 1), changes: {}, code: "qe-isvprodid-mismatch" },
    {
      name: "a product that differs in its high byte",
      change: set(257, 1),
      changes: {},
      code: "qe-isvprodid-mismatch",
    },
    { name: "a MISCSELECT bit", change: set(19, 1), changes: {}, code: "qe-miscselect-mismatch" },
    {
      name: "a MISCSELECT bit missing",
      change: set(16, 0),
      changes: { miscselect: "01000000" },
      code: "qe-miscselect-mismatch",
    },
    { name: "an attribute bit", change: set(49, 1), changes: {}, code: "qe-attributes-mismatch" },
    {
      name: "attributes that expect bits outside their mask",
      change: set(63, 1),
      changes: { attributes: `11${"00".repeat(14)}01` },
      code: "qe-attributes-mismatch",
    },
    {
      name: "MISCSELECT that expects bits outside its mask",
      change: set(16, 1),
      changes: { miscselect: "01000000", miscselectMask: "00000000" },
      code: "qe-miscselect-mismatch",
    },
  ])("with $name is refused: $code", ({ change, changes, code }) => {
    expect(matchQeIdentity(qeReport(change), identity(changes))).toMatchObject({
      ok: false,
      error: { stage: "qe-report", code },
    });
  });

  test.each([
    { field: "miscselect", at: 16, bytes: 4, code: "qe-miscselect-mismatch" },
    { field: "attributes", at: 48, bytes: 16, code: "qe-attributes-mismatch" },
  ])("is held to every bit of $field that the mask has, and to no other", ({ field, at, bytes, code }) => {
    const own = new Uint8Array(bytes);
    if (field === "attributes") own.set([0x15, 0, 0, 0, 0, 0, 0, 0, 0xe7]);
    const expected = Buffer.from(own).toString("hex");
    for (let bit = 0; bit < bytes * 8; bit += 1) {
      // A debug enclave is refused before.
      if (field === "attributes" && bit === 1) continue;
      const flip = 1 << (bit % 8);
      const flipped = qeReport((report) => void (report[at + (bit >> 3)] = Number(own[bit >> 3]) ^ flip));
      const all = { [field]: expected, [`${field}Mask`]: "ff".repeat(bytes) };
      expect(matchQeIdentity(flipped, identity(all))).toMatchObject({ error: { code } });
      const mask = Buffer.alloc(bytes, 0xff);
      mask[bit >> 3] = 0xff ^ flip;
      const value = Buffer.from(own.map((byte, index) => byte & Number(mask[index]))).toString("hex");
      const without = { [field]: value, [`${field}Mask`]: mask.toString("hex") };
      expect(matchQeIdentity(flipped, identity(without)).ok).toBe(true);
    }
  });

  test("is refused with what was expected and seen", () => {
    expect(matchQeIdentity(qeReport(set(256, 1)), identity())).toMatchObject({
      error: { facts: { expected: 2, actual: 1 } },
    });
    expect(matchQeIdentity(qeReport(set(48, 0x17)), identity())).toMatchObject({
      error: { code: "qe-debug-enabled", facts: { actual: `17${"00".repeat(7)}e7${"00".repeat(7)}` } },
    });
  });

  test("is judged in the order debug, signer, product, MISCSELECT, attributes", () => {
    const wrong = [set(48, 0x17), set(128, 0), set(256, 1), set(16, 1), set(49, 1)];
    const codes = wrong.map((_, first) => {
      const result = matchQeIdentity(
        qeReport((bytes) => wrong.slice(first).forEach((change) => change(bytes))),
        identity(),
      );
      return result.ok ? "ok" : result.error.code;
    });
    expect(codes).toEqual([
      "qe-debug-enabled",
      "qe-mrsigner-mismatch",
      "qe-isvprodid-mismatch",
      "qe-miscselect-mismatch",
      "qe-attributes-mismatch",
    ]);
  });
});
