import { describe, expect, test } from "vitest";
import {
  authorityKeyId,
  extensionProblem,
  subjectKeyId,
  type CertificateProfile,
} from "../src/certificate-extensions.ts";
import { parseCertificate, type Certificate } from "../src/certificate.ts";
import { bits, bool, bytes, int, octets, seq, set, text, tlv } from "./der-writer.ts";
import {
  AKI,
  BASIC_CONSTRAINTS,
  CA_KEY_USAGE,
  certificateOf,
  certificateParts,
  CRLDP,
  extension,
  KEY_USAGE,
  SGX,
  SIGNING_KEY_USAGE,
  SKI,
  UNKNOWN,
  type Extensions,
  type Member,
} from "./synthetic-pki.ts";

function read(member: Member, changes: Extensions = {}): Certificate {
  const extensions = { ...certificateParts(member).extensions, ...changes };
  const result = parseCertificate(certificateOf(member, { extensions }));
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

const PROFILES = {
  root: "root",
  platformCa: "ca",
  processorCa: "ca",
  tcbSigning: "end-entity",
  pckLeaf: "end-entity",
} as const satisfies Record<Member, CertificateProfile>;

function problem(
  member: Member,
  changes: Extensions = {},
  profile: CertificateProfile = PROFILES[member],
): string | null {
  return extensionProblem(read(member, changes), profile);
}

describe("sound extensions", () => {
  test.each<{ name: string; member: Member; changes?: Extensions }>([
    { name: "of the root", member: "root" },
    { name: "of a PCK CA", member: "platformCa" },
    { name: "of the TCB signing certificate", member: "tcbSigning" },
    { name: "of a PCK leaf", member: "pckLeaf" },
    {
      name: "with an unknown one that is not critical",
      member: "pckLeaf",
      changes: { a: extension(UNKNOWN, bytes("ff")) },
    },
    { name: "with the SGX extension", member: "pckLeaf", changes: { a: extension(SGX, seq()) } },
    {
      name: "whose five are all critical",
      member: "tcbSigning",
      changes: {
        [AKI]: extension(AKI, seq(), true),
        [CRLDP]: extension(CRLDP, seq(seq()), true),
        [SKI]: extension(SKI, octets(bytes("04")), true),
      },
    },
    {
      name: "of a root without path length",
      member: "root",
      changes: { [BASIC_CONSTRAINTS]: extension(BASIC_CONSTRAINTS, seq(bool(true)), true) },
    },
    {
      name: "of a root with a long path length",
      member: "root",
      changes: { [BASIC_CONSTRAINTS]: extension(BASIC_CONSTRAINTS, seq(bool(true), int(1000)), true) },
    },
    {
      name: "of a CA without path length",
      member: "platformCa",
      changes: { [BASIC_CONSTRAINTS]: extension(BASIC_CONSTRAINTS, seq(bool(true))) },
    },
    {
      name: "of a CA with more key usage",
      member: "platformCa",
      changes: { [KEY_USAGE]: extension(KEY_USAGE, bits(bytes("86"), 1), true) },
    },
    {
      name: "of a leaf with digitalSignature alone",
      member: "pckLeaf",
      changes: { [KEY_USAGE]: extension(KEY_USAGE, bits(bytes("80"), 7), true) },
    },
    {
      name: "of a leaf with decipherOnly in the second octet",
      member: "pckLeaf",
      changes: { [KEY_USAGE]: extension(KEY_USAGE, bits(bytes("8080"), 7), true) },
    },
  ])("$name have no problem", ({ member, changes }) => {
    expect(problem(member, changes)).toBeNull();
  });
});

const ca = (value: Uint8Array): Extensions => ({ [BASIC_CONSTRAINTS]: extension(BASIC_CONSTRAINTS, value, true) });
const usage = (value: Uint8Array): Extensions => ({ [KEY_USAGE]: extension(KEY_USAGE, value, true) });
const aki = (value: Uint8Array): Extensions => ({ [AKI]: extension(AKI, value) });
const points = (value: Uint8Array): Extensions => ({ [CRLDP]: extension(CRLDP, value) });
const ski = (value: Uint8Array): Extensions => ({ [SKI]: extension(SKI, value) });

describe("extensions are refused for", () => {
  test.each<{ name: string; member?: Member; changes: Extensions; expected: string }>([
    {
      name: "an unknown critical one",
      changes: { a: extension(UNKNOWN, seq(), true) },
      expected: `unknown critical extension ${UNKNOWN}`,
    },
    {
      name: "a critical SGX extension, which no chain processes",
      changes: { a: extension(SGX, seq(), true) },
      expected: `unknown critical extension ${SGX}`,
    },
    {
      name: "an unknown one twice",
      changes: { a: extension(UNKNOWN, seq()), b: extension(UNKNOWN, seq()) },
      expected: "duplicate extension",
    },
    {
      name: "a known one twice",
      changes: { a: extension(BASIC_CONSTRAINTS, seq(bool(true))) },
      expected: "duplicate extension",
    },
    { name: "no authority key identifier", changes: { [AKI]: null }, expected: `no extension ${AKI}` },
    { name: "no CRL distribution points", changes: { [CRLDP]: null }, expected: `no extension ${CRLDP}` },
    { name: "no subject key identifier", changes: { [SKI]: null }, expected: `no extension ${SKI}` },
    { name: "no key usage", changes: { [KEY_USAGE]: null }, expected: `no extension ${KEY_USAGE}` },
    {
      name: "no basic constraints",
      changes: { [BASIC_CONSTRAINTS]: null },
      expected: `no extension ${BASIC_CONSTRAINTS}`,
    },
    {
      name: "none at all on the root",
      member: "root",
      changes: { [AKI]: null, [CRLDP]: null, [SKI]: null, [KEY_USAGE]: null, [BASIC_CONSTRAINTS]: null },
      expected: `no extension ${AKI}`,
    },
    {
      name: "an authority key identifier that is an OCTET STRING",
      changes: aki(octets(bytes("aa"))),
      expected: "malformed authority key identifier",
    },
    {
      name: "an empty key identifier of the authority",
      changes: aki(seq(tlv(0x80))),
      expected: "malformed authority key identifier",
    },
    {
      name: "two key identifiers of the authority",
      changes: aki(seq(tlv(0x80, bytes("01")), tlv(0x80, bytes("01")))),
      expected: "malformed authority key identifier",
    },
    {
      name: "an authority's serial without its name",
      changes: aki(seq(tlv(0x82, bytes("01")))),
      expected: "malformed authority key identifier",
    },
    {
      name: "an unknown part of the authority key identifier",
      changes: aki(seq(tlv(0x83, bytes("01")))),
      expected: "malformed authority key identifier",
    },
    {
      name: "a subject key identifier that is a SEQUENCE",
      changes: ski(seq()),
      expected: "malformed subject key identifier",
    },
    {
      name: "an empty subject key identifier",
      changes: ski(octets(bytes(""))),
      expected: "malformed subject key identifier",
    },
    {
      name: "distribution points without a point",
      changes: points(seq()),
      expected: "malformed CRL distribution points",
    },
    {
      name: "distribution points that are text",
      changes: points(text(0x0c, "https://…")),
      expected: "malformed CRL distribution points",
    },
    {
      name: "a distribution point that is text",
      changes: points(seq(text(0x0c, "https://…"))),
      expected: "malformed CRL distribution points",
    },
    { name: "key usage in an OCTET STRING", changes: usage(octets(bytes("c0"))), expected: "malformed key usage" },
    { name: "an empty key usage", changes: usage(bits(bytes(""))), expected: "malformed key usage" },
    { name: "a key usage without a bit", changes: usage(bits(bytes("00"))), expected: "malformed key usage" },
    {
      name: "a key usage with trailing zero bits",
      changes: usage(bits(bytes("c0"), 5)),
      expected: "malformed key usage",
    },
    {
      name: "a key usage with a trailing zero octet",
      changes: usage(bits(bytes("c000"))),
      expected: "malformed key usage",
    },
    { name: "a key usage of three octets", changes: usage(bits(bytes("c00001"))), expected: "malformed key usage" },
    {
      name: "a leaf without digitalSignature",
      changes: usage(bits(bytes("40"), 6)),
      expected: "key usage lacks digitalSignature",
    },
    {
      name: "a leaf that may sign certificates",
      changes: usage(bits(bytes("84"), 2)),
      expected: "key usage lets an end entity sign certificates",
    },
    {
      name: "a CA without keyCertSign",
      member: "platformCa",
      changes: usage(bits(bytes("02"), 1)),
      expected: "key usage lacks keyCertSign or cRLSign",
    },
    {
      name: "a CA without cRLSign",
      member: "platformCa",
      changes: usage(bits(bytes("04"), 2)),
      expected: "key usage lacks keyCertSign or cRLSign",
    },
    {
      name: "a root with the key usage of a leaf",
      member: "root",
      changes: usage(SIGNING_KEY_USAGE),
      expected: "key usage lacks keyCertSign or cRLSign",
    },
    { name: "basic constraints that are no SEQUENCE", changes: ca(set()), expected: "malformed basic constraints" },
    { name: "an encoded default, CA FALSE", changes: ca(seq(bool(false))), expected: "malformed basic constraints" },
    { name: "a path length without CA", changes: ca(seq(int(0))), expected: "malformed basic constraints" },
    {
      name: "a negative path length",
      member: "platformCa",
      changes: ca(seq(bool(true), int(-1))),
      expected: "malformed basic constraints",
    },
    {
      name: "a path length that is no INTEGER",
      member: "platformCa",
      changes: ca(seq(bool(true), octets(bytes("00")))),
      expected: "malformed basic constraints",
    },
    {
      name: "a third part of basic constraints",
      member: "platformCa",
      changes: ca(seq(bool(true), int(0), int(0))),
      expected: "malformed basic constraints",
    },
    {
      name: "a leaf that is a CA",
      changes: ca(seq(bool(true))),
      expected: "basic constraints make an end entity a CA",
    },
    {
      name: "a TCB signing certificate that is a CA",
      member: "tcbSigning",
      changes: ca(seq(bool(true), int(0))),
      expected: "basic constraints make an end entity a CA",
    },
    {
      name: "a CA that is none",
      member: "platformCa",
      changes: ca(seq()),
      expected: "basic constraints make a CA an end entity",
    },
    {
      name: "a root that is no CA",
      member: "root",
      changes: ca(seq()),
      expected: "basic constraints make a CA an end entity",
    },
    {
      name: "a root with path length 0",
      member: "root",
      changes: ca(seq(bool(true), int(0))),
      expected: "path length of the root allows no intermediate CA",
    },
  ])("$name", ({ member = "pckLeaf", changes, expected }) => {
    expect(problem(member, changes)).toBe(expected);
  });

  test("a leaf with the extensions of a CA in the place of a leaf, and the other way round", () => {
    expect(problem("platformCa", {}, "end-entity")).toBe("key usage lets an end entity sign certificates");
    expect(problem("platformCa", { [KEY_USAGE]: extension(KEY_USAGE, SIGNING_KEY_USAGE) }, "end-entity")).toBe(
      "basic constraints make an end entity a CA",
    );
    expect(problem("pckLeaf", { [KEY_USAGE]: extension(KEY_USAGE, CA_KEY_USAGE) }, "ca")).toBe(
      "basic constraints make a CA an end entity",
    );
  });

  test("a value that was not read", () => {
    const extensions = read("pckLeaf").extensions.map((item) =>
      item.oid === SKI ? { ...item, content: undefined } : item,
    );
    expect(extensionProblem({ extensions }, "end-entity")).toBe("malformed subject key identifier");
  });
});

describe("key identifiers", () => {
  test("are those of the extensions", () => {
    const certificate = read("pckLeaf", {
      [AKI]: extension(AKI, seq(tlv(0x80, bytes("aabb")))),
      [SKI]: extension(SKI, octets(bytes("ccdd"))),
    });
    expect(authorityKeyId(certificate)).toEqual(bytes("aabb"));
    expect(subjectKeyId(certificate)).toEqual(bytes("ccdd"));
  });

  test("may stand beside the authority's name and serial, or give way to them", () => {
    const named = [tlv(0xa1, tlv(0xa4, seq())), tlv(0x82, bytes("01"))];
    const both = read("pckLeaf", { [AKI]: extension(AKI, seq(tlv(0x80, bytes("aabb")), ...named)) });
    const nameOnly = read("pckLeaf", { [AKI]: extension(AKI, seq(...named)) });
    expect(authorityKeyId(both)).toEqual(bytes("aabb"));
    expect(authorityKeyId(nameOnly)).toBeNull();
    expect([both, nameOnly].map((certificate) => extensionProblem(certificate, "end-entity"))).toEqual([null, null]);
  });

  test("are null where there is none", () => {
    const certificate = read("pckLeaf", { [AKI]: null, [SKI]: null });
    expect(authorityKeyId(certificate)).toBeNull();
    expect(subjectKeyId(certificate)).toBeNull();
  });
});
