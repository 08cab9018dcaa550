import { describe, expect, test } from "vitest";
import { parseTcbInfo } from "../src/tcb-info.ts";
import { moduleIdentity, svnLevel, tcbInfoDocument, tcbLevel } from "./signed-documents.ts";

const valid = tcbInfoDocument();
const validText = JSON.stringify(valid);

function withChanges(changes: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(tcbInfoDocument(changes));
}

/** The first level with the SVN list or number at `key` replaced by raw JSON text. */
function withRaw(pattern: RegExp, replacement: string): string {
  const text = validText.replace(pattern, replacement);
  if (text === validText) throw new Error(`nothing to replace: ${pattern}`);
  return text;
}

function withLevel(level: object): string {
  return withChanges({ tcbLevels: [level] });
}

function withComponents(key: "sgxtcbcomponents" | "tdxtcbcomponents", value: unknown): string {
  const level = tcbLevel({});
  return withLevel({ ...level, tcb: { ...level.tcb, [key]: value } });
}

const sixteen = Array.from({ length: 16 }, () => ({ svn: 1 }));

describe("a TCB info", () => {
  test("gives its fields, hex in lower case and times in Unix seconds", () => {
    const tcbDate = Date.parse("2025-01-01T00:00:00Z") / 1000;
    expect(parseTcbInfo(validText)).toMatchObject({
      ok: true,
      value: {
        id: "TDX",
        issueDate: Date.parse("2025-06-01T00:00:00Z") / 1000,
        nextUpdate: Date.parse("2025-07-01T00:00:00Z") / 1000,
        fmspc: "50806f000000",
        pceId: "0000",
        tcbEvaluationDataNumber: 17,
        tdxModule: { mrSigner: "0".repeat(96), attributes: "0".repeat(16), attributesMask: "f".repeat(16) },
        tdxModuleIdentities: [
          { majorVersion: 1, levels: [{ isvSvn: 4, tcbDate, tcbStatus: "UpToDate", advisoryIds: [] }] },
        ],
        levels: [{ pceSvn: 11, tcbDate, tcbStatus: "UpToDate", advisoryIds: [] }],
      },
    });
  });

  test("keeps the exact bytes of its text, whitespace and all", () => {
    const text = ` ${JSON.stringify(valid, null, 2)}\n`;
    const parsed = parseTcbInfo(text);
    expect(parsed.ok && Buffer.from(parsed.value.bytes).toString()).toBe(text);
  });

  test.each([
    { name: "no module identities", text: withChanges({ tdxModuleIdentities: undefined }) },
    { name: "unknown keys", text: withChanges({ extra: [1.5, -1, { a: null }] }) },
    { name: "advisories", text: withLevel(tcbLevel({ advisoryIDs: ["INTEL-SA-1"] })) },
    { name: "SVNs at their bounds", text: withLevel(tcbLevel({ sgx: [255, 0], pcesvn: 65535, tdx: [255] })) },
    { name: "evaluation number 2^32-1", text: withChanges({ tcbEvaluationDataNumber: 4294967295 }) },
    { name: "an FMSPC in lower case", text: withChanges({ fmspc: "50806f000000" }) },
    {
      name: "keys that reach prototypes elsewhere",
      text: `{"__proto__":{"id":"SGX"},"constructor":1,${validText.slice(1)}`,
    },
  ])("may have $name", ({ text }) => {
    expect(parseTcbInfo(text)).toMatchObject({ ok: true, value: { id: "TDX" } });
    expect(({} as { id?: string }).id).toBeUndefined();
  });

  test("for SGX is parsed as far as its type can be told", () => {
    const sgx = withChanges({ id: "SGX", tdxModule: undefined, tdxModuleIdentities: undefined, tcbLevels: [] });
    expect(parseTcbInfo(sgx)).toMatchObject({ ok: true, value: { id: "SGX", fmspc: "50806f000000" } });
    expect(parseTcbInfo(withChanges({ id: "SGX", fmspc: "" }))).toMatchObject({ ok: false });
  });

  test.each([
    { version: 2, id: undefined },
    { version: 2, id: "TDX" },
    { version: 4, id: "TDX" },
    { version: 0, id: "TDX" },
  ])("of version $version is not supported", (changes) => {
    expect(parseTcbInfo(withChanges(changes))).toMatchObject({
      ok: false,
      error: { stage: "collateral-parse", code: "tcb-info-version-unsupported", facts: { actual: changes.version } },
    });
  });

  test.each([
    { name: "empty", text: "" },
    { name: "not JSON", text: "hello" },
    { name: "a list", text: "[]" },
    { name: "null", text: "null" },
    { name: "followed by text", text: `${validText}x` },
    { name: "preceded by a byte order mark", text: `\ufeff${validText}` },
    { name: "with a lone surrogate", text: withChanges({ extra: "?" }).replace("?", "\ud800") },
    {
      name: "nested 10,000 deep",
      text: withChanges({ extra: "?" }).replace('"?"', "[".repeat(10_000) + "]".repeat(10_000)),
    },
    { name: "nested 33 deep", text: withChanges({ extra: "?" }).replace('"?"', "[".repeat(32) + "]".repeat(32)) },
    { name: "of 2 MiB", text: withChanges({ extra: "x".repeat(2 * 1024 * 1024) }) },
    { name: "of 1 MiB in two-byte characters", text: withChanges({ extra: "é".repeat(524_288) }) },
    { name: "with tcbLevels twice", text: validText.replace("{", '{"tcbLevels":[],') },
    { name: "with fmspc twice", text: validText.replace("{", '{"fmspc":"000000000000",') },
    { name: "with a key twice deep inside", text: withRaw(/"pcesvn":11/, '"pcesvn":11,"pcesvn":0') },
    { name: "with a key twice in two spellings", text: validText.replace("{", '{"\\u0069d":"TDX",') },
    { name: "with version as text", text: withChanges({ version: "3" }) },
    { name: "with version 3.0", text: withRaw(/"version":3/, '"version":3.0') },
    { name: "with version 3e0", text: withRaw(/"version":3/, '"version":3e0') },
    { name: "without a version", text: withChanges({ version: undefined }) },
    { name: "of another id", text: withChanges({ id: "QE" }) },
    { name: "without an id", text: withChanges({ id: undefined }) },
    { name: "with tcbType 1", text: withChanges({ tcbType: 1 }) },
    { name: "without tcbType", text: withChanges({ tcbType: undefined }) },
    { name: "with evaluation number 2^32", text: withChanges({ tcbEvaluationDataNumber: 4294967296 }) },
    { name: "with evaluation number -1", text: withChanges({ tcbEvaluationDataNumber: -1 }) },
    { name: "with an FMSPC of 5 bytes", text: withChanges({ fmspc: "50806F0000" }) },
    { name: "with an FMSPC that is not hex", text: withChanges({ fmspc: "50806G000000" }) },
    { name: "with 0x before its PCE-ID", text: withChanges({ pceId: "0x00" }) },
    { name: "with no PCE-ID", text: withChanges({ pceId: null }) },
    { name: "without tdxModule", text: withChanges({ tdxModule: undefined }) },
    {
      name: "with a module signer of 47 bytes",
      text: withChanges({
        tdxModule: { mrsigner: "0".repeat(94), attributes: "0".repeat(16), attributesMask: "0".repeat(16) },
      }),
    },
    { name: "with no module identities", text: withChanges({ tdxModuleIdentities: [] }) },
    { name: "with null for module identities", text: withChanges({ tdxModuleIdentities: null }) },
    {
      name: "with a module id of three digits",
      text: withChanges({ tdxModuleIdentities: [moduleIdentity("TDX_001", svnLevel(1))] }),
    },
    {
      name: "with a module id that is a number",
      text: withChanges({ tdxModuleIdentities: [{ ...moduleIdentity("", svnLevel(1)), id: 1 }] }),
    },
    {
      name: "with a module id twice but for case",
      text: withChanges({
        tdxModuleIdentities: [moduleIdentity("TDX_0a", svnLevel(1)), moduleIdentity("TDX_0A", svnLevel(1))],
      }),
    },
    { name: "with a module without levels", text: withChanges({ tdxModuleIdentities: [moduleIdentity("TDX_01")] }) },
    {
      name: "with two module levels of one ISVSVN",
      text: withChanges({
        tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(1), svnLevel(2), svnLevel(1, "Revoked"))],
      }),
    },
    {
      name: "with a module status of a platform",
      text: withChanges({ tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(1, "SWHardeningNeeded"))] }),
    },
    {
      name: "with a module ISVSVN of 65536",
      text: withChanges({ tdxModuleIdentities: [moduleIdentity("TDX_01", svnLevel(65536))] }),
    },
    { name: "without tcbLevels", text: withChanges({ tcbLevels: undefined }) },
    { name: "with tcbLevels that are no list", text: withChanges({ tcbLevels: {} }) },
    { name: "with empty tcbLevels", text: withChanges({ tcbLevels: [] }) },
    { name: "with a level that is no object", text: withChanges({ tcbLevels: [1] }) },
    {
      name: "with two levels of the same SVNs",
      text: withChanges({
        tcbLevels: [tcbLevel({ sgx: [1] }), tcbLevel({ sgx: [2] }), tcbLevel({ sgx: [1], status: "Revoked" })],
      }),
    },
    { name: "with an unknown status", text: withLevel(tcbLevel({ status: "Fine" })) },
    { name: "with a status only verification gives", text: withLevel(tcbLevel({ status: "TDRelaunchAdvised" })) },
    { name: "with a status in lower case", text: withLevel(tcbLevel({ status: "uptodate" })) },
    { name: "with 15 SGX components", text: withComponents("sgxtcbcomponents", sixteen.slice(1)) },
    { name: "with 17 SGX components", text: withComponents("sgxtcbcomponents", [...sixteen, { svn: 1 }]) },
    { name: "without SGX components", text: withComponents("sgxtcbcomponents", undefined) },
    { name: "with 15 TDX components", text: withComponents("tdxtcbcomponents", sixteen.slice(1)) },
    { name: "with 17 TDX components", text: withComponents("tdxtcbcomponents", [...sixteen, { svn: 1 }]) },
    { name: "without TDX components", text: withComponents("tdxtcbcomponents", undefined) },
    { name: "with an SVN of 256", text: withComponents("sgxtcbcomponents", sixteen.with(3, { svn: 256 })) },
    { name: "with an SVN of -1", text: withComponents("tdxtcbcomponents", sixteen.with(3, { svn: -1 })) },
    { name: "with an SVN of 1.5", text: withComponents("sgxtcbcomponents", sixteen.with(3, { svn: 1.5 })) },
    { name: "with an SVN that is text", text: withComponents("sgxtcbcomponents", [{ svn: "3" }, ...sixteen.slice(1)]) },
    { name: "with an SVN of 1e1", text: withRaw(/"svn":2/, '"svn":1e1') },
    { name: "with an SVN of -0", text: withRaw(/"svn":0/, '"svn":-0') },
    { name: "with an SVN of 02", text: withRaw(/"svn":2/, '"svn":02') },
    { name: "with a PCESVN of 65536", text: withLevel(tcbLevel({ pcesvn: 65536 })) },
    { name: "with advisories that are no list", text: withLevel({ ...tcbLevel({}), advisoryIDs: "INTEL-SA-1" }) },
    { name: "with an advisory that is a number", text: withLevel({ ...tcbLevel({}), advisoryIDs: [1] }) },
    { name: "without tcbDate", text: withLevel({ ...tcbLevel({}), tcbDate: undefined }) },
    { name: "with tcbDate of no calendar", text: withLevel({ ...tcbLevel({}), tcbDate: "2025-02-30T00:00:00Z" }) },
  ])("$name is malformed", ({ text }) => {
    expect(parseTcbInfo(text)).toMatchObject({
      ok: false,
      error: { stage: "collateral-parse", code: "tcb-info-malformed", facts: { reason: expect.any(String) } },
    });
  });

  test.each(
    ["issueDate", "nextUpdate"].flatMap((key) =>
      [
        "2025-06-01T00:00:00",
        "2025-06-01T00:00:00+00:00",
        "2025-02-30T00:00:00Z",
        "2025-06-01T24:00:00Z",
        "2025-06-01T00:00:00.0Z",
        "2025-06-01",
        "",
        null,
        1750000000,
      ].map((value) => ({ key, value })),
    ),
  )("with $key $value is malformed", ({ key, value }) => {
    expect(parseTcbInfo(withChanges({ [key]: value }))).toMatchObject({
      ok: false,
      error: { code: "tcb-info-malformed", facts: { subject: key } },
    });
  });

  test.each([
    {
      name: "with something before it",
      ids: ["ATDX_01"],
      facts: { subject: "tdxModuleIdentities[0].id", reason: "must be TDX_ and two hex digits" },
    },
    {
      name: "that is a list of one",
      ids: [["TDX_01"]],
      facts: { subject: "tdxModuleIdentities[0].id", reason: "must be TDX_ and two hex digits" },
    },
    {
      name: "twice, in another case",
      ids: ["TDX_0A", "tdx_0a"],
      facts: { subject: "tdxModuleIdentities", reason: "must not repeat an id" },
    },
  ])("with the id of a TDX module $name is malformed", ({ ids, facts }) => {
    const tdxModuleIdentities = ids.map((id) => ({ ...moduleIdentity("TDX_01", svnLevel(1)), id }));
    expect(parseTcbInfo(withChanges({ tdxModuleIdentities }))).toMatchObject({
      error: { code: "tcb-info-malformed", facts },
    });
  });

  test("with two levels of the same versions is malformed", () => {
    expect(parseTcbInfo(withChanges({ tcbLevels: [tcbLevel({}), tcbLevel({ status: "OutOfDate" })] }))).toMatchObject({
      error: { facts: { subject: "tcbLevels", reason: "must not have two levels with the same versions" } },
    });
  });

  test("names the place of the first departure", () => {
    const components: readonly unknown[] = sixteen;
    expect(parseTcbInfo(withComponents("sgxtcbcomponents", components.with(4, 3)))).toMatchObject({
      error: { facts: { subject: "tcbLevels[0].tcb.sgxtcbcomponents[4]", reason: "must be an object" } },
    });
    expect(parseTcbInfo("[]")).toMatchObject({ error: { facts: { subject: "", reason: "must be an object" } } });
    expect(parseTcbInfo(withChanges({ version: "3" }))).toMatchObject({ error: { facts: { subject: "version" } } });
    expect(parseTcbInfo(withComponents("tdxtcbcomponents", sixteen.with(7, { svn: 256 })))).toMatchObject({
      error: { facts: { subject: "tcbLevels[0].tcb.tdxtcbcomponents[7].svn", reason: "must be an integer 0..255" } },
    });
  });
});
