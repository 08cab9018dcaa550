import { p256 } from "@noble/curves/nist.js";
import { bits, bool, int, octets, oid, seq, set, text, tlv } from "./der-writer.ts";

/** Certificates and CRLs made for tests: every part can be replaced by other DER before it is signed. */

export interface KeyPair {
  readonly secretKey: Uint8Array;
  /** 65 bytes. */
  readonly publicKey: Uint8Array;
}

export function keyPair(seed: number): KeyPair {
  const secretKey = new Uint8Array(32).fill(seed);
  return { secretKey, publicKey: p256.getPublicKey(secretKey, false) };
}

export const ECDSA_WITH_SHA256 = seq(oid("1.2.840.10045.4.3.2"));
export const ECDSA_WITH_SHA384 = seq(oid("1.2.840.10045.4.3.3"));

function scalar(part: Uint8Array): Uint8Array {
  return int(BigInt(`0x${Buffer.from(part).toString("hex")}`));
}

/** `r || s` over SHA-256 of the message. */
export function sign(message: Uint8Array, { secretKey }: KeyPair): Uint8Array {
  return p256.sign(message, secretKey, { prehash: true, lowS: false });
}

/** The DER form of `r || s`. */
export function derSignature(raw: Uint8Array): Uint8Array {
  return seq(scalar(raw.subarray(0, 32)), scalar(raw.subarray(32)));
}

export function name(commonName: string): Uint8Array {
  return seq(
    set(seq(oid("2.5.4.3"), text(0x0c, commonName))),
    set(seq(oid("2.5.4.10"), text(0x0c, "Intel Corporation"))),
    set(seq(oid("2.5.4.6"), text(0x13, "US"))),
  );
}

/** A UTCTime from Unix seconds. */
export function utcTime(seconds: number): Uint8Array {
  const digits = new Date(seconds * 1000).toISOString().replaceAll(/[-:T]|\.000/g, "");
  return text(0x17, digits.slice(2));
}

export function spki(publicKey: Uint8Array, curve = "1.2.840.10045.3.1.7"): Uint8Array {
  return seq(seq(oid("1.2.840.10045.2.1"), oid(curve)), bits(publicKey));
}

export function extension(id: string, value: Uint8Array, critical = false): Uint8Array {
  return critical ? seq(oid(id), bool(true), octets(value)) : seq(oid(id), octets(value));
}

export const AKI = "2.5.29.35";
export const CRLDP = "2.5.29.31";
export const SKI = "2.5.29.14";
export const KEY_USAGE = "2.5.29.15";
export const BASIC_CONSTRAINTS = "2.5.29.19";
export const SGX = "1.2.840.113741.1.13.1";
export const UNKNOWN = "1.3.6.1.4.1.99999.1";

export const CA_KEY_USAGE = bits(Uint8Array.of(0x06), 1);
export const SIGNING_KEY_USAGE = bits(Uint8Array.of(0xc0), 6);

/** Extensions by OID, in the order in which they are written; null leaves one out. */
export type Extensions = Readonly<Record<string, Uint8Array | null>>;

const DISTRIBUTION_POINTS = seq(seq(tlv(0xa0, tlv(0xa0, text(0x86, "https://example.invalid/crl")))));

/** The five extensions that every certificate carries. */
function standardExtensions(options: {
  readonly authorityKeyId: Uint8Array;
  readonly subjectKeyId: Uint8Array;
  readonly isCa: boolean;
  readonly pathLength?: number;
}): Extensions {
  const { authorityKeyId, subjectKeyId, isCa, pathLength } = options;
  const limit = pathLength === undefined ? [] : [int(pathLength)];
  return {
    [AKI]: extension(AKI, seq(tlv(0x80, authorityKeyId))),
    [CRLDP]: extension(CRLDP, DISTRIBUTION_POINTS),
    [SKI]: extension(SKI, octets(subjectKeyId)),
    [KEY_USAGE]: extension(KEY_USAGE, isCa ? CA_KEY_USAGE : SIGNING_KEY_USAGE, true),
    [BASIC_CONSTRAINTS]: extension(BASIC_CONSTRAINTS, isCa ? seq(bool(true), ...limit) : seq(), true),
  };
}

/** The parts of a certificate as DER. */
export interface CertificateParts {
  readonly version: Uint8Array;
  readonly serial: Uint8Array;
  readonly innerAlgorithm: Uint8Array;
  readonly issuer: Uint8Array;
  readonly validity: Uint8Array;
  readonly subject: Uint8Array;
  readonly spki: Uint8Array;
  readonly extensions: Extensions;
  /** What stands after the SubjectPublicKeyInfo, when it is not `[3] { extensions }`. */
  readonly tail?: readonly Uint8Array[];
  readonly outerAlgorithm: Uint8Array;
  /** Content of the signature's BIT STRING, from `r || s`. */
  readonly encodeSignature: (raw: Uint8Array) => Uint8Array;
}

function signCertificate(parts: CertificateParts, issuerKey: KeyPair): Uint8Array {
  const listed = Object.values(parts.extensions).filter((value) => value !== null);
  const tail = parts.tail ?? [tlv(0xa3, seq(...listed))];
  const { version, serial, innerAlgorithm, issuer, validity, subject } = parts;
  const tbs = seq(version, serial, innerAlgorithm, issuer, validity, subject, parts.spki, ...tail);
  return seq(tbs, parts.outerAlgorithm, bits(parts.encodeSignature(sign(tbs, issuerKey))));
}

/** The parts of a CRL as DER. */
export interface CrlParts {
  readonly version: readonly Uint8Array[];
  readonly innerAlgorithm: Uint8Array;
  readonly issuer: Uint8Array;
  readonly thisUpdate: Uint8Array;
  readonly nextUpdate: readonly Uint8Array[];
  /** Absent from the CRL when null. */
  readonly entries: readonly Uint8Array[] | null;
  readonly extensions: Extensions;
  readonly tail?: readonly Uint8Array[];
  readonly outerAlgorithm: Uint8Array;
}

function signCrl(parts: CrlParts, issuerKey: KeyPair): Uint8Array {
  const listed = Object.values(parts.extensions).filter((value) => value !== null);
  const tail = parts.tail ?? [tlv(0xa0, seq(...listed))];
  const entries = parts.entries === null ? [] : [seq(...parts.entries)];
  const { version, innerAlgorithm, issuer, thisUpdate, nextUpdate } = parts;
  const tbs = seq(...version, innerAlgorithm, issuer, thisUpdate, ...nextUpdate, ...entries, ...tail);
  return seq(tbs, parts.outerAlgorithm, bits(derSignature(sign(tbs, issuerKey))));
}

export const CRL_NUMBER = "2.5.29.20";

/** An entry of a CRL. */
export function revoked(serial: bigint, date: Uint8Array, ...rest: readonly Uint8Array[]): Uint8Array {
  return seq(int(serial), date, ...rest);
}

/** 2025-06-25T00:00:00Z: inside every window below. */
export const NOW = 1_750_809_600;
export const NOT_BEFORE: number = NOW - 1000;
export const NOT_AFTER: number = NOW + 1000;

const keyId = (seed: number): Uint8Array => new Uint8Array(20).fill(seed);

/** Who issues whom: serial, key, and the number in the key identifier are the seed. */
const MEMBERS = {
  root: { seed: 1, commonName: "Intel SGX Root CA", issuer: "root", isCa: true, pathLength: 1 },
  platformCa: { seed: 2, commonName: "Intel SGX PCK Platform CA", issuer: "root", isCa: true, pathLength: 0 },
  processorCa: { seed: 3, commonName: "Intel SGX PCK Processor CA", issuer: "root", isCa: true, pathLength: 0 },
  tcbSigning: { seed: 4, commonName: "Intel SGX TCB Signing", issuer: "root", isCa: false },
  pckLeaf: { seed: 5, commonName: "Intel SGX PCK Certificate", issuer: "platformCa", isCa: false },
} as const;

export type Member = keyof typeof MEMBERS;

export function memberKey(member: Member): KeyPair {
  return keyPair(MEMBERS[member].seed);
}

export function memberName(member: Member): Uint8Array {
  return name(MEMBERS[member].commonName);
}

/** What a sound certificate of a member is made of. */
export function certificateParts(member: Member): CertificateParts {
  const { seed, commonName, issuer, isCa, ...rest } = MEMBERS[member];
  return {
    version: tlv(0xa0, int(2)),
    serial: int(seed),
    innerAlgorithm: ECDSA_WITH_SHA256,
    issuer: memberName(issuer),
    validity: seq(utcTime(NOT_BEFORE), utcTime(NOT_AFTER)),
    subject: name(commonName),
    spki: spki(keyPair(seed).publicKey),
    extensions: standardExtensions({
      authorityKeyId: keyId(MEMBERS[issuer].seed),
      subjectKeyId: keyId(seed),
      isCa,
      ...rest,
    }),
    outerAlgorithm: ECDSA_WITH_SHA256,
    encodeSignature: derSignature,
  };
}

/** A member's certificate with some parts replaced, signed by the member that issues it, or by another key. */
export function certificateOf(
  member: Member,
  changes: Partial<CertificateParts> = {},
  issuerKey: KeyPair = memberKey(MEMBERS[member].issuer),
): Uint8Array {
  return signCertificate({ ...certificateParts(member), ...changes }, issuerKey);
}

/** What a sound CRL of a member is made of; it revokes nothing. */
export function crlParts(member: Member): CrlParts {
  return {
    version: [int(1)],
    innerAlgorithm: ECDSA_WITH_SHA256,
    issuer: memberName(member),
    thisUpdate: utcTime(NOT_BEFORE),
    nextUpdate: [utcTime(NOT_AFTER)],
    entries: null,
    extensions: {
      [CRL_NUMBER]: extension(CRL_NUMBER, int(7)),
      [AKI]: extension(AKI, seq(tlv(0x80, keyId(MEMBERS[member].seed)))),
    },
    outerAlgorithm: ECDSA_WITH_SHA256,
  };
}

/** A member's CRL with some parts replaced, signed by the member, or by another key. */
export function crlOf(
  member: Member,
  changes: Partial<CrlParts> = {},
  issuerKey: KeyPair = memberKey(member),
): Uint8Array {
  return signCrl({ ...crlParts(member), ...changes }, issuerKey);
}
