import { describe, expect, test } from "vitest";
import type { CertificateExtension } from "../src/certificate-extensions.ts";
import { parseDer } from "../src/der.ts";
import { parseSgxExtension, type SgxExtension } from "../src/sgx-extension.ts";
import { bool, bytes, int, octets, oid, seq, set, tlv } from "./der-writer.ts";
import { HAS_REAL_VECTORS, readExpectedQuotes, readVector } from "./real-vectors.ts";
import { pemOf } from "./real-evidence.ts";
import { parsePemCertificates } from "../src/pem.ts";
import { SGX, UNKNOWN } from "./synthetic-pki.ts";

type Pairs = Readonly<Record<string, Uint8Array | null>>;

function pairs(values: Pairs): readonly Uint8Array[] {
  return Object.entries(values).flatMap(([arc, value]) => (value === null ? [] : [seq(oid(`${SGX}.${arc}`), value)]));
}

const COMPONENTS = [3, 3, 2, 2, 4, 1, 0, 5, 127, 128, 255, 0, 0, 0, 0, 9];
const TCB: Pairs = {
  ...Object.fromEntries(COMPONENTS.map((svn, index) => [`2.${index + 1}`, int(svn)])),
  "2.17": int(65_535),
  "2.18": octets(bytes("000102030405060708090a0b0c0d0e0f")),
};
const CONFIGURATION: Pairs = { "7.1": bool(true), "7.2": bool(false), "7.3": bool(true) };

function platform(changes: Pairs = {}, tcb: Pairs = {}, configuration: Pairs = {}): Pairs {
  return {
    "1": octets(bytes("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf")),
    "2": seq(...pairs({ ...TCB, ...tcb })),
    "3": octets(bytes("0102")),
    "4": octets(bytes("b0c06f000000")),
    "5": tlv(0x0a, bytes("01")),
    "6": octets(bytes("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")),
    "7": seq(...pairs({ ...CONFIGURATION, ...configuration })),
    ...changes,
  };
}

const PROCESSOR: Pairs = { "6": null, "7": null };

/** An extension as a certificate has it, also with a value that a certificate parser would refuse. */
function extension(oidText: string, value: Uint8Array): CertificateExtension {
  const document = parseDer(value);
  return { oid: oidText, critical: false, value, content: document.ok ? document.value : undefined };
}

function parse(value: Uint8Array): ReturnType<typeof parseSgxExtension> {
  return parseSgxExtension({ extensions: [extension(SGX, value)] });
}

const EXPECTED: SgxExtension = {
  ppidHex: "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
  tcbComponents: COMPONENTS,
  pceSvn: 65_535,
  cpuSvnHex: "000102030405060708090a0b0c0d0e0f",
  pceIdHex: "0102",
  fmspcHex: "b0c06f000000",
  sgxType: "scalable",
};

describe("the SGX extension", () => {
  test("of a Platform CA certificate is read into its seven fields", () => {
    const read = parse(seq(...pairs(platform())));
    expect(read).toEqual({
      ok: true,
      value: {
        ...EXPECTED,
        platformInstanceIdHex: "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf",
        configuration: { dynamicPlatform: true, cachedKeys: false, smtEnabled: true },
      },
    });
  });

  test("of a Processor CA certificate is read into its five fields", () => {
    expect(parse(seq(...pairs(platform(PROCESSOR))))).toEqual({ ok: true, value: EXPECTED });
  });

  test("may list its entries in any order", () => {
    const read = parse(seq(...pairs(platform({ "2": seq(...pairs(TCB).toReversed()) })).toReversed()));
    expect(read).toMatchObject({ ok: true, value: EXPECTED });
  });

  test.each([
    { value: "00", sgxType: "standard" },
    { value: "01", sgxType: "scalable" },
    { value: "02", sgxType: "scalable-with-integrity" },
  ])("knows type $value as $sgxType", ({ value, sgxType }) => {
    expect(parse(seq(...pairs(platform({ "5": tlv(0x0a, bytes(value)) }))))).toMatchObject({
      ok: true,
      value: { sgxType },
    });
  });

  test("is found among others, and missed where it is not", () => {
    const other = extension(UNKNOWN, seq());
    const own = extension(SGX, seq(...pairs(platform())));
    expect(parseSgxExtension({ extensions: [other, own] }).ok).toBe(true);
    expect(parseSgxExtension({ extensions: [other] })).toEqual({ ok: false, error: { reason: "no SGX extension" } });
  });
});

describe("the SGX extension is refused with", () => {
  const noList = "not a list of its own entries, each once";
  test.each<{ name: string; value: Uint8Array; reason: string }>([
    { name: "no bytes", value: bytes(""), reason: noList },
    { name: "an OCTET STRING for the list", value: octets(bytes("00")), reason: noList },
    { name: "a trailing byte", value: Uint8Array.from([...seq(...pairs(platform())), 0]), reason: noList },
    { name: "an entry that is no SEQUENCE", value: seq(...pairs(platform()), int(1)), reason: noList },
    {
      name: "an entry of three parts",
      value: seq(...pairs(platform({ "7": null })), seq(oid(`${SGX}.7`), seq(), seq())),
      reason: noList,
    },
    {
      name: "an entry without value",
      value: seq(...pairs(platform({ "7": null })), seq(oid(`${SGX}.7`))),
      reason: noList,
    },
    {
      name: "an entry without OID",
      value: seq(...pairs(platform({ "7": null })), seq(int(7), int(7))),
      reason: noList,
    },
    ...["1.2.840.113741.1.13.2.7", "1.2.840.113741.1.13.7", `${SGX}.7.7`, `${SGX}.135`].map((dotted) => ({
      name: `${dotted} for the OID of the configuration`,
      value: seq(...pairs(platform({ "7": null })), seq(oid(dotted), seq(...pairs(CONFIGURATION)))),
      reason: noList,
    })),
    {
      name: "the TCB with an SVN below the configuration",
      value: seq(...pairs(platform({ "2": seq(...pairs({ ...TCB, "2.1": null, "7.1": int(3) })) }))),
      reason: "TCB",
    },
    {
      name: "the configuration with a flag below the TCB",
      value: seq(...pairs(platform({ "7": seq(...pairs({ ...CONFIGURATION, "7.1": null, "2.1": bool(true) })) }))),
      reason: "configuration",
    },
    {
      name: "FMSPC twice",
      value: seq(...pairs(platform()), ...pairs({ "4": octets(bytes("b0c06f000001")) })),
      reason: noList,
    },
    {
      name: "FMSPC twice in place of the configuration",
      value: seq(...pairs(platform({ "7": null })), ...pairs({ "4": octets(bytes("b0c06f000001")) })),
      reason: noList,
    },
    { name: "no entries", value: seq(), reason: "0 entries in place of 5 or 7" },
    { name: "six entries", value: seq(...pairs(platform({ "7": null }))), reason: "6 entries in place of 5 or 7" },
    { name: "eight entries", value: seq(...pairs(platform({ "8": int(0) }))), reason: "8 entries in place of 5 or 7" },
    ...["1", "2", "3", "4", "5", "6", "7"].map((arc) => ({
      name: `entry ${arc} missing and a strange one in its place`,
      value: seq(...pairs(platform({ [arc]: null, "9": int(0) }))),
      reason:
        ["PPID", "TCB", "PCE-ID", "FMSPC", "SGX type", "platform instance ID", "configuration"][Number(arc) - 1] ?? "",
    })),
    ...["1", "2", "3", "4", "5"].map((arc) => ({
      name: `entry ${arc} of a Processor CA certificate missing and the platform instance ID in its place`,
      value: seq(...pairs(platform({ [arc]: null, "7": null }))),
      reason: ["PPID", "TCB", "PCE-ID", "FMSPC", "SGX type"][Number(arc) - 1] ?? "",
    })),
    { name: "a PPID of 15 bytes", value: seq(...pairs(platform({ "1": octets(new Uint8Array(15)) }))), reason: "PPID" },
    { name: "a PPID of 17 bytes", value: seq(...pairs(platform({ "1": octets(new Uint8Array(17)) }))), reason: "PPID" },
    { name: "a PCE-ID of 3 bytes", value: seq(...pairs(platform({ "3": octets(bytes("000000")) }))), reason: "PCE-ID" },
    { name: "a PCE-ID that is an INTEGER", value: seq(...pairs(platform({ "3": int(256) }))), reason: "PCE-ID" },
    {
      name: "an FMSPC of 5 bytes",
      value: seq(...pairs(platform({ "4": octets(new Uint8Array(5)) }))),
      reason: "FMSPC",
    },
    {
      name: "an FMSPC of 7 bytes",
      value: seq(...pairs(platform({ "4": octets(new Uint8Array(7)) }))),
      reason: "FMSPC",
    },
    { name: "an SGX type of 3", value: seq(...pairs(platform({ "5": tlv(0x0a, bytes("03")) }))), reason: "SGX type" },
    {
      name: "a negative SGX type",
      value: seq(...pairs(platform({ "5": tlv(0x0a, bytes("ff")) }))),
      reason: "SGX type",
    },
    { name: "an SGX type that is an INTEGER", value: seq(...pairs(platform({ "5": int(1) }))), reason: "SGX type" },
    {
      name: "a platform instance ID of 15 bytes",
      value: seq(...pairs(platform({ "6": octets(new Uint8Array(15)) }))),
      reason: "platform instance ID",
    },
    { name: "a TCB that is a SET", value: seq(...pairs(platform({ "2": set(...pairs(TCB)) }))), reason: "TCB" },
    { name: "component 256", value: seq(...pairs(platform({}, { "2.3": int(256) }))), reason: "TCB" },
    { name: "a negative component", value: seq(...pairs(platform({}, { "2.16": int(-1) }))), reason: "TCB" },
    {
      name: "a component that is an OCTET STRING",
      value: seq(...pairs(platform({}, { "2.1": octets(bytes("03")) }))),
      reason: "TCB",
    },
    { name: "PCESVN 65536", value: seq(...pairs(platform({}, { "2.17": int(65_536) }))), reason: "TCB" },
    { name: "a negative PCESVN", value: seq(...pairs(platform({}, { "2.17": int(-1) }))), reason: "TCB" },
    {
      name: "a CPUSVN of 15 bytes",
      value: seq(...pairs(platform({}, { "2.18": octets(new Uint8Array(15)) }))),
      reason: "TCB",
    },
    {
      name: "a component twice",
      value: seq(...pairs(platform({ "2": seq(...pairs(TCB), ...pairs({ "2.1": int(3) })) }))),
      reason: "TCB",
    },
    {
      name: "a component twice and another missing",
      value: seq(...pairs(platform({ "2": seq(...pairs({ ...TCB, "2.2": null }), ...pairs({ "2.1": int(3) })) }))),
      reason: "TCB",
    },
    { name: "a nineteenth entry of the TCB", value: seq(...pairs(platform({}, { "2.19": int(0) }))), reason: "TCB" },
    ...Array.from({ length: 18 }, (_, index) => ({
      name: `entry ${index + 1} of the TCB missing and a strange one in its place`,
      value: seq(...pairs(platform({}, { [`2.${index + 1}`]: null, "2.19": int(0) }))),
      reason: "TCB",
    })),
    {
      name: "a configuration that is an INTEGER",
      value: seq(...pairs(platform({ "7": int(1) }))),
      reason: "configuration",
    },
    ...["7.1", "7.2", "7.3"].map((arc) => ({
      name: `entry ${arc} of the configuration missing`,
      value: seq(...pairs(platform({}, {}, { [arc]: null }))),
      reason: "configuration",
    })),
    ...["7.1", "7.2", "7.3"].map((arc) => ({
      name: `entry ${arc} of the configuration being an INTEGER`,
      value: seq(...pairs(platform({}, {}, { [arc]: int(1) }))),
      reason: "configuration",
    })),
    {
      name: "a fourth entry of the configuration",
      value: seq(...pairs(platform({}, {}, { "7.4": bool(true) }))),
      reason: "configuration",
    },
  ])("$name", ({ value, reason }) => {
    const result = parse(value);
    expect(result.ok ? "read" : result.error.reason.replace(/ (?:missing or|missing or unknown).*$/, "")).toBe(reason);
  });
});

describe.skipIf(!HAS_REAL_VECTORS)("the SGX extension of a real PCK certificate", () => {
  test.each(HAS_REAL_VECTORS ? readExpectedQuotes().map(({ quote, pck }) => ({ quote, pck })) : [])(
    "in $quote",
    ({ quote, pck }) => {
      const chain = parsePemCertificates(pemOf(readVector(quote)));
      const leaf = chain.ok ? chain.value[0] : undefined;
      const read = leaf === undefined ? null : parseSgxExtension(leaf);
      expect(read).toMatchObject({
        ok: true,
        value: {
          ppidHex: pck.ppid,
          fmspcHex: pck.fmspc,
          pceIdHex: pck.pceid,
          tcbComponents: pck.tcbComponents,
          pceSvn: pck.pcesvn,
          sgxType: "scalable",
        },
      });
    },
  );
});
