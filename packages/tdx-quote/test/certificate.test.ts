import { p256, p384 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { describe, expect, test } from "vitest";
import { parseCertificate, type Certificate } from "../src/certificate.ts";
import { toHex } from "../src/hex.ts";
import { bits, bool, bytes, int, octets, oid, seq, set, text, tlv } from "./der-writer.ts";
import {
  AKI,
  certificateOf,
  certificateParts,
  derSignature,
  ECDSA_WITH_SHA256,
  ECDSA_WITH_SHA384,
  extension,
  memberKey,
  memberName,
  NOT_AFTER,
  NOT_BEFORE,
  NOW,
  SGX,
  sign,
  spki,
  UNKNOWN,
  utcTime,
  type CertificateParts,
} from "./synthetic-pki.ts";

function read(changes: Partial<CertificateParts> = {}): Certificate {
  const result = parseCertificate(certificateOf("pckLeaf", changes));
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

const leaf = certificateParts("pckLeaf");

/** A certificate with an extension of so many bytes, and a signature of fixed length so that its size is exact. */
function padded(length: number): Uint8Array {
  const extensions = { ...leaf.extensions, padding: extension(UNKNOWN, new Uint8Array(length)) };
  return certificateOf("pckLeaf", { extensions, encodeSignature: () => seq(int(1), int(1)) });
}

function commonName(value: Uint8Array): Uint8Array {
  return set(seq(oid("2.5.4.3"), value));
}

describe("a certificate", () => {
  test("is read into its fields", () => {
    const der = certificateOf("pckLeaf");
    const certificate = read();
    expect(certificate).toMatchObject({
      der,
      serialHex: "05",
      issuer: memberName("platformCa"),
      subject: memberName("pckLeaf"),
      issuerCommonName: "Intel SGX PCK Platform CA",
      subjectCommonName: "Intel SGX PCK Certificate",
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      publicKey: memberKey("pckLeaf").publicKey,
    });
    expect(
      p256.verify(certificate.signature, certificate.tbs, memberKey("platformCa").publicKey, { lowS: false }),
    ).toBe(true);
    expect(certificate.extensions.map(({ oid: id, critical }) => [id, critical])).toEqual([
      ["2.5.29.35", false],
      ["2.5.29.31", false],
      ["2.5.29.14", false],
      ["2.5.29.15", true],
      ["2.5.29.19", true],
    ]);
  });

  test.each([
    { serial: 1n, hex: "01" },
    { serial: 0x7fn, hex: "7f" },
    { serial: 0x80n, hex: "80" },
    { serial: 0x0100n, hex: "0100" },
    { serial: 2n ** 160n - 1n, hex: "ff".repeat(20) },
  ])("with serial $serial spells it $hex", ({ serial, hex }) => {
    expect(read({ serial: int(serial) }).serialHex).toBe(hex);
  });

  test("may count its years with two digits or with four", () => {
    const validity = seq(text(0x17, "991231235959Z"), text(0x18, "20991231235959Z"));
    expect(read({ validity })).toMatchObject({ notBefore: 946684799, notAfter: 4102444799 });
  });

  test("of 16 KiB is read, a longer one is not", () => {
    const room = 16 * 1024 - padded(15_000).length;
    expect(padded(15_000 + room)).toHaveLength(16 * 1024);
    expect(parseCertificate(padded(15_000 + room)).ok).toBe(true);
    expect(parseCertificate(padded(15_001 + room))).toEqual({ ok: false, error: { reason: "longer than 16 KiB" } });
  });
});

describe("what a chain judges later is carried, not refused", () => {
  const compressed = p256.getPublicKey(memberKey("pckLeaf").secretKey, true);
  const offCurve = memberKey("pckLeaf").publicKey.map((byte, index) => (index === 64 ? byte ^ 1 : byte));

  test.each([
    { name: "a P-384 key", spki: spki(p384.getPublicKey(new Uint8Array(48).fill(5), false), "1.3.132.0.34") },
    { name: "a secp256k1 key", spki: spki(secp256k1.getPublicKey(new Uint8Array(32).fill(5), false), "1.3.132.0.10") },
    { name: "a P-256 key named as secp256k1", spki: spki(memberKey("pckLeaf").publicKey, "1.3.132.0.10") },
    { name: "an RSA key", spki: seq(seq(oid("1.2.840.113549.1.1.1"), tlv(0x05)), bits(seq(int(35), int(5)))) },
    { name: "an Ed25519 key, which has no parameters", spki: seq(seq(oid("1.3.101.112")), bits(new Uint8Array(32))) },
    { name: "a point off the curve", spki: spki(offCurve) },
    { name: "a compressed point", spki: spki(compressed) },
    { name: "a hybrid point", spki: spki(Uint8Array.from(memberKey("pckLeaf").publicKey).fill(6, 0, 1)) },
    { name: "the point at infinity", spki: spki(Uint8Array.of(0)) },
    { name: "an empty key", spki: spki(new Uint8Array(0)) },
    { name: "explicit curve parameters", spki: seq(seq(oid("1.2.840.10045.2.1"), seq(int(1))), bits(compressed)) },
    {
      name: "something after the curve",
      spki: seq(
        seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"), tlv(0x05)),
        bits(memberKey("pckLeaf").publicKey),
      ),
    },
  ])("$name is no key of use", ({ spki: key }) => {
    expect(read({ spki: key }).publicKey).toBeNull();
  });

  const ORDER = p256.Point.Fn.ORDER;
  test.each([
    { name: "r = 0", r: 0n, s: 1n, raw: `${"00".repeat(63)}01` },
    { name: "s = 0", r: 1n, s: 0n, raw: `${"00".repeat(31)}01${"00".repeat(32)}` },
    { name: "r = n", r: ORDER, s: 1n, raw: `${ORDER.toString(16)}${"00".repeat(31)}01` },
    { name: "r of 33 bytes", r: 2n ** 256n, s: 1n, raw: `${"00".repeat(63)}01` },
    { name: "a negative s", r: 1n, s: -1n, raw: `${"00".repeat(31)}01${"00".repeat(32)}` },
  ])("a signature with $name is a wrong signature, not a malformed certificate", ({ r, s, raw }) => {
    expect(toHex(read({ encodeSignature: () => seq(int(r), int(s)) }).signature)).toBe(raw);
  });

  test("extensions that are unknown, critical, twice or missing", () => {
    const extra = { a: extension(UNKNOWN, bytes("deadbeef"), true), b: extension(UNKNOWN, bytes(""), false) };
    expect(read({ extensions: extra }).extensions).toEqual([
      { oid: UNKNOWN, critical: true, value: bytes("deadbeef") },
      { oid: UNKNOWN, critical: false, value: bytes("") },
    ]);
    expect(read({ extensions: {} }).extensions).toEqual([]);
    expect(read({ tail: [] }).extensions).toEqual([]);
  });

  test("a name without a common name, with two, or with one that is no short printable text", () => {
    const nameless = [
      seq(),
      seq(set(seq(oid("2.5.4.10"), text(0x0c, "Intel SGX PCK Certificate")))),
      seq(commonName(text(0x0c, "Intel SGX PCK Certificate")), commonName(text(0x0c, "Intel SGX PCK Certificate"))),
      seq(commonName(text(0x0c, ""))),
      seq(commonName(text(0x0c, "x".repeat(65)))),
      seq(commonName(text(0x0c, "Intel SGX PCK Certificate\n"))),
      seq(commonName(text(0x0c, "\ufeffIntel SGX PCK Certificate"))),
      seq(commonName(text(0x0c, "Intel SGX PCK Certificat\u0435"))),
    ];
    for (const subject of nameless) expect(read({ subject }).subjectCommonName).toBeNull();
    expect(read({ subject: seq(commonName(text(0x13, "x".repeat(64)))) }).subjectCommonName).toBe("x".repeat(64));
  });
});

describe("a malformed certificate is refused:", () => {
  const serialReason = "serial number is not a positive INTEGER of up to 20 bytes";
  const point = memberKey("pckLeaf").publicKey;
  test.each<{ name: string; changes: Partial<CertificateParts>; reason: string }>([
    {
      name: "outer algorithm ecdsa-with-SHA384",
      changes: { outerAlgorithm: ECDSA_WITH_SHA384 },
      reason: "signature algorithm other than ecdsa-with-SHA256",
    },
    {
      name: "inner algorithm ecdsa-with-SHA384",
      changes: { innerAlgorithm: ECDSA_WITH_SHA384 },
      reason: "inner signature algorithm other than ecdsa-with-SHA256",
    },
    {
      name: "an algorithm with NULL parameters",
      changes: { innerAlgorithm: seq(oid("1.2.840.10045.4.3.2"), tlv(0x05)) },
      reason: "inner signature algorithm other than ecdsa-with-SHA256",
    },
    { name: "version 1", changes: { version: tlv(0xa0, int(0)) }, reason: "not version 3" },
    { name: "version 2", changes: { version: tlv(0xa0, int(1)) }, reason: "not version 3" },
    { name: "version 4", changes: { version: tlv(0xa0, int(3)) }, reason: "not version 3" },
    { name: "a version without its tag", changes: { version: int(2) }, reason: "not version 3" },
    { name: "two versions", changes: { version: tlv(0xa0, int(2), int(2)) }, reason: "not version 3" },
    { name: "serial 0", changes: { serial: int(0) }, reason: serialReason },
    { name: "a negative serial", changes: { serial: int(-1) }, reason: serialReason },
    { name: "a serial of 21 bytes", changes: { serial: int(2n ** 160n) }, reason: serialReason },
    { name: "a serial that is no INTEGER", changes: { serial: octets(bytes("05")) }, reason: serialReason },
    { name: "a non-minimal serial", changes: { serial: bytes("02020005") }, reason: "non-minimal INTEGER" },
    { name: "an issuer that is no Name", changes: { issuer: set() }, reason: "malformed name" },
    { name: "a subject with an empty set", changes: { subject: seq(set()) }, reason: "malformed name" },
    { name: "a subject with a SEQUENCE for a SET", changes: { subject: seq(seq()) }, reason: "malformed name" },
    {
      name: "an attribute without value",
      changes: { subject: seq(set(seq(oid("2.5.4.3")))) },
      reason: "malformed name",
    },
    {
      name: "an attribute without type",
      changes: { subject: seq(set(seq(int(1), int(2)))) },
      reason: "malformed name",
    },
    {
      name: "an attribute with two values",
      changes: { subject: seq(set(seq(oid("2.5.4.3"), int(1), int(2)))) },
      reason: "malformed name",
    },
    {
      name: "an attribute of another type of text",
      changes: { subject: seq(commonName(text(0x16, "Intel SGX PCK Certificate"))) },
      reason: "malformed name",
    },
    {
      name: "an attribute of invalid UTF-8",
      changes: { subject: seq(commonName(tlv(0x0c, bytes("c3")))) },
      reason: "malformed name",
    },
    {
      name: "an attribute with a character that a PrintableString does not have",
      changes: { subject: seq(commonName(text(0x13, "Intel*"))) },
      reason: "malformed name",
    },
    { name: "an attribute that is no SEQUENCE", changes: { subject: seq(set(int(1))) }, reason: "malformed name" },
    { name: "no validity", changes: { validity: int(1) }, reason: "malformed validity" },
    { name: "one time", changes: { validity: seq(utcTime(NOW)) }, reason: "malformed validity" },
    {
      name: "three times",
      changes: { validity: seq(utcTime(NOW), utcTime(NOW), utcTime(NOW)) },
      reason: "malformed validity",
    },
    {
      name: "31 February",
      changes: { validity: seq(text(0x17, "250231000000Z"), utcTime(NOW)) },
      reason: "malformed validity",
    },
    {
      name: "a time without seconds",
      changes: { validity: seq(utcTime(NOW), text(0x17, "2506250000Z")) },
      reason: "malformed validity",
    },
    { name: "a key that is no SEQUENCE", changes: { spki: int(1) }, reason: "malformed public key" },
    { name: "a key without algorithm", changes: { spki: seq(seq(), bits(point)) }, reason: "malformed public key" },
    {
      name: "a key with unused bits",
      changes: {
        spki: seq(
          seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
          bits(Uint8Array.from([...point.subarray(0, 64), 0]), 1),
        ),
      },
      reason: "malformed public key",
    },
    {
      name: "a key in an OCTET STRING",
      changes: { spki: seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), octets(point)) },
      reason: "malformed public key",
    },
    {
      name: "something after the key",
      changes: { spki: seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), bits(point), int(1)) },
      reason: "malformed public key",
    },
    {
      name: "an issuer unique identifier",
      changes: { tail: [tlv(0x81, bytes("00aa"))] },
      reason: "malformed extensions",
    },
    { name: "extensions with another tag", changes: { tail: [tlv(0xa2, seq())] }, reason: "malformed extensions" },
    { name: "extensions that are no SEQUENCE", changes: { tail: [tlv(0xa3, set())] }, reason: "malformed extensions" },
    { name: "two lists of extensions", changes: { tail: [tlv(0xa3, seq(), seq())] }, reason: "malformed extensions" },
    {
      name: "something after the extensions",
      changes: { tail: [tlv(0xa3, seq()), int(1)] },
      reason: "malformed extensions",
    },
    {
      name: "an extension that is no SEQUENCE",
      changes: { extensions: { a: int(1) } },
      reason: "malformed extensions",
    },
    { name: "an empty extension", changes: { extensions: { a: seq() } }, reason: "malformed extensions" },
    {
      name: "an extension without value",
      changes: { extensions: { a: seq(oid(UNKNOWN)) } },
      reason: "malformed extensions",
    },
    {
      name: "an extension with a value that is no OCTET STRING",
      changes: { extensions: { a: seq(oid(UNKNOWN), int(1)) } },
      reason: "malformed extensions",
    },
    {
      name: "an encoded default, critical FALSE",
      changes: { extensions: { a: seq(oid(UNKNOWN), bool(false), octets(seq())) } },
      reason: "malformed extensions",
    },
    {
      name: "an INTEGER for critical",
      changes: { extensions: { a: seq(oid(UNKNOWN), int(1), octets(seq())) } },
      reason: "malformed extensions",
    },
    {
      name: "an extension of four parts",
      changes: { extensions: { a: seq(oid(UNKNOWN), bool(true), int(1), octets(seq())) } },
      reason: "malformed extensions",
    },
    {
      name: "65 extensions",
      changes: { tail: [tlv(0xa3, seq(...Array.from({ length: 65 }, () => extension(UNKNOWN, seq()))))] },
      reason: "malformed extensions",
    },
    {
      name: "a known extension that is not DER",
      changes: { extensions: { ...leaf.extensions, [AKI]: extension(AKI, bytes("3080 0000")) } },
      reason: "malformed extensions",
    },
    {
      name: "an SGX extension that is not DER",
      changes: { extensions: { ...leaf.extensions, [SGX]: extension(SGX, seq(bytes("02020001"))) } },
      reason: "malformed extensions",
    },
    {
      name: "a signature that is not DER",
      changes: { encodeSignature: (raw) => raw },
      reason: "signature is not strict DER",
    },
    {
      name: "a signature with a non-minimal r",
      changes: { encodeSignature: () => seq(bytes("02020001"), int(1)) },
      reason: "signature is not strict DER",
    },
    {
      name: "a signature with a trailing byte",
      changes: { encodeSignature: (raw) => Uint8Array.from([...derSignature(raw), 0]) },
      reason: "signature is not strict DER",
    },
    {
      name: "a signature of one INTEGER",
      changes: { encodeSignature: () => seq(int(1)) },
      reason: "signature is not strict DER",
    },
    {
      name: "a signature of three INTEGERs",
      changes: { encodeSignature: () => seq(int(1), int(1), int(1)) },
      reason: "signature is not strict DER",
    },
    {
      name: "a signature of OCTET STRINGs",
      changes: { encodeSignature: () => seq(octets(bytes("01")), int(1)) },
      reason: "signature is not strict DER",
    },
    {
      name: "a signature that is a SET",
      changes: { encodeSignature: () => set(int(1), int(1)) },
      reason: "signature is not strict DER",
    },
  ])("$name", ({ changes, reason }) => {
    expect(parseCertificate(certificateOf("pckLeaf", changes))).toMatchObject({ ok: false, error: { reason } });
  });

  const sound = certificateOf("pckLeaf");
  const tbs = read().tbs;
  const signature = bits(derSignature(sign(tbs, memberKey("platformCa"))));
  test.each([
    { name: "nothing", der: new Uint8Array(0), reason: "cut short" },
    { name: "a byte after the end", der: Uint8Array.from([...sound, 0]), reason: "trailing bytes" },
    { name: "a byte missing at the end", der: sound.subarray(0, -1), reason: "runs past its end" },
    {
      name: "a longer form of its length",
      der: Uint8Array.from([0x30, 0x83, 0, ...sound.subarray(2)]),
      reason: "non-minimal length",
    },
    {
      name: "an indefinite length",
      der: Uint8Array.from([0x30, 0x80, ...sound.subarray(4), 0, 0]),
      reason: "indefinite length",
    },
    { name: "an INTEGER", der: int(1), reason: "not a signed structure" },
    { name: "an empty SEQUENCE", der: seq(), reason: "not a signed structure" },
    {
      name: "a SET in place of what is signed",
      der: seq(set(), ECDSA_WITH_SHA256, signature),
      reason: "not a signed structure",
    },
    {
      name: "an empty SEQUENCE in place of what is signed",
      der: seq(seq(), ECDSA_WITH_SHA256, signature),
      reason: "not version 3",
    },
    {
      name: "65 parts in place of what is signed",
      der: seq(seq(...Array.from({ length: 65 }, () => int(1))), ECDSA_WITH_SHA256, signature),
      reason: "not version 3",
    },
    { name: "a fourth part", der: seq(tbs, ECDSA_WITH_SHA256, signature, int(1)), reason: "not a signed structure" },
    { name: "no signature", der: seq(tbs, ECDSA_WITH_SHA256), reason: "signature is not strict DER" },
    {
      name: "a signature with unused bits",
      der: seq(tbs, ECDSA_WITH_SHA256, bits(bytes("00"), 1)),
      reason: "signature is not strict DER",
    },
  ])("$name", ({ der, reason }) => {
    expect(parseCertificate(der)).toMatchObject({ ok: false, error: { reason } });
  });
});
