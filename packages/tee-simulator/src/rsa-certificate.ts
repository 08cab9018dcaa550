import { sha256 } from "@noble/hashes/sha2.js";

import {
  authorityKeyIdentifier,
  authorityKeyUsage,
  basicConstraints,
  encodeTbs,
  intelName,
  leafKeyUsage,
  simulatedMark,
  subjectKeyIdentifier,
} from "./certificate.ts";
import { derBitString, derContext, derInteger, derOid, derSequence, derValue } from "./der-writer.ts";

type PrivateKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** How an RSA key signs: as WebCrypto has it. */
export interface RsaScheme {
  readonly name: "RSASSA-PKCS1-v1_5" | "RSA-PSS";
  readonly hash: "SHA-256" | "SHA-384";
  /** Of RSA-PSS. */
  readonly saltLength: number;
}

/** A simulated key with its certificate. */
export interface RsaIdentity {
  readonly name: string;
  readonly scheme: RsaScheme;
  readonly privateKey: PrivateKey;
  /** DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array<ArrayBuffer>;
}

const YEAR = 365 * 86_400;
const MODULUS_BITS = 2048;
const PUBLIC_EXPONENT = Uint8Array.of(1, 0, 1);
const NULL = derValue(0x05, new Uint8Array(0));
const SHA256_ALGORITHM = derSequence(derOid("2.16.840.1.101.3.4.2.1"), NULL);

/** sha384WithRSAEncryption, with the NULL that RFC 4055 demands. */
const SHA384_WITH_RSA = derSequence(derOid("1.2.840.113549.1.1.12"), NULL);
/** RSASSA-PSS with SHA-256 throughout. Source: RFC 4055, section 3.1. */
const PSS_WITH_SHA256 = derSequence(
  derOid("1.2.840.113549.1.1.10"),
  derSequence(
    derContext(0, SHA256_ALGORITHM),
    derContext(1, derSequence(derOid("1.2.840.113549.1.1.8"), SHA256_ALGORITHM)),
    derContext(2, derInteger(32)),
  ),
);

/**
 * Makes a root that signs certificates, by PKCS #1 v1.5 with SHA-384 or by PSS with SHA-256.
 *
 * @param now - Unix seconds; valid from a year before for ten years
 */
export async function createRsaRoot(name: string, scheme: RsaScheme, now: number): Promise<RsaIdentity> {
  const { privateKey, spki } = await generate(scheme);
  const issuer = { name, scheme, privateKey, spki };
  return { ...issuer, certificate: await certify({ name, spki, isAuthority: true }, issuer, now) };
}

/** Makes a key that signs something else than certificates, certified by a root. */
export async function createRsaSigner(
  name: string,
  scheme: RsaScheme,
  root: RsaIdentity,
  now: number,
): Promise<RsaIdentity> {
  const { privateKey, spki } = await generate(scheme);
  return { name, scheme, privateKey, spki, certificate: await certify({ name, spki, isAuthority: false }, root, now) };
}

async function generate({ name, hash }: RsaScheme): Promise<Pick<RsaIdentity, "privateKey" | "spki">> {
  const parameters = { name, hash, modulusLength: MODULUS_BITS, publicExponent: PUBLIC_EXPONENT };
  const { privateKey, publicKey } = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  return { privateKey, spki: new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)) };
}

/** Source: RFC 5280, section 4.1; RFC 4055, sections 3.1 and 5. */
async function certify(
  subject: { readonly name: string; readonly spki: Uint8Array; readonly isAuthority: boolean },
  issuer: Omit<RsaIdentity, "certificate">,
  now: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = issuer.scheme.name === "RSA-PSS" ? PSS_WITH_SHA256 : SHA384_WITH_RSA;
  const tbs = encodeTbs({
    serial: keyId(subject.spki).map((byte, index) => (index === 0 ? (byte & 0x7f) | 1 : byte)),
    issuer: intelName(issuer.name),
    subject: intelName(subject.name),
    notBefore: now - YEAR,
    notAfter: now + 9 * YEAR,
    publicKeyInfo: subject.spki,
    extensions: [
      authorityKeyIdentifier(keyId(issuer.spki)),
      subjectKeyIdentifier(keyId(subject.spki)),
      subject.isAuthority ? authorityKeyUsage() : leafKeyUsage(),
      basicConstraints(subject.isAuthority),
      simulatedMark(),
    ],
    innerAlgorithm: algorithm,
  });
  const signature = new Uint8Array(await crypto.subtle.sign(issuer.scheme, issuer.privateKey, new Uint8Array(tbs)));
  return new Uint8Array(derSequence(tbs, algorithm, derBitString(signature)));
}

function keyId(spki: Uint8Array): Uint8Array {
  return sha256(spki).slice(0, 20);
}
