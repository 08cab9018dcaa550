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
} from "../certificate.ts";
import { derBitString, derOid, derSequence, derValue } from "../der-writer.ts";

type PrivateKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** A key of a simulated signer of tokens, with its certificate. */
export interface RsaIdentity {
  readonly privateKey: PrivateKey;
  /** DER. */
  readonly certificate: Uint8Array<ArrayBuffer>;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array<ArrayBuffer>;
}

const YEAR = 365 * 86_400;
const MODULUS_BITS = 2048;
const PUBLIC_EXPONENT = Uint8Array.of(1, 0, 1);
/** sha384WithRSAEncryption, with the NULL that RFC 4055 demands. */
const SHA384_WITH_RSA = derSequence(derOid("1.2.840.113549.1.1.12"), derValue(0x05, new Uint8Array(0)));
const PKCS1 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" } as const;
const PSS = { name: "RSA-PSS", hash: "SHA-384" } as const;

/**
 * Makes a root that signs certificates.
 *
 * @param now - Unix seconds; valid for ten years around it
 */
export async function createRsaRoot(name: string, now: number): Promise<RsaIdentity> {
  const { privateKey, spki } = await generate(PKCS1);
  const certificate = await certify({ name, spki, isAuthority: true }, { name, spki, privateKey }, now);
  return { privateKey, spki, certificate };
}

/** Makes a key that signs tokens (RSA-PSS with SHA-384), certified by a root. */
export async function createTokenSigner(
  name: string,
  root: RsaIdentity,
  rootName: string,
  now: number,
): Promise<RsaIdentity> {
  const { privateKey, spki } = await generate(PSS);
  const certificate = await certify({ name, spki, isAuthority: false }, { ...root, name: rootName }, now);
  return { privateKey, spki, certificate };
}

async function generate(algorithm: typeof PKCS1 | typeof PSS): Promise<Pick<RsaIdentity, "privateKey" | "spki">> {
  const parameters = { ...algorithm, modulusLength: MODULUS_BITS, publicExponent: PUBLIC_EXPONENT };
  const { privateKey, publicKey } = await crypto.subtle.generateKey(parameters, true, ["sign", "verify"]);
  return { privateKey, spki: new Uint8Array(await crypto.subtle.exportKey("spki", publicKey)) };
}

/** Source: RFC 5280, section 4.1; RFC 4055, section 5. */
async function certify(
  subject: { readonly name: string; readonly spki: Uint8Array; readonly isAuthority: boolean },
  issuer: { readonly name: string; readonly spki: Uint8Array; readonly privateKey: PrivateKey },
  now: number,
): Promise<Uint8Array<ArrayBuffer>> {
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
    innerAlgorithm: SHA384_WITH_RSA,
  });
  const signature = new Uint8Array(await crypto.subtle.sign(PKCS1, issuer.privateKey, new Uint8Array(tbs)));
  return new Uint8Array(derSequence(tbs, SHA384_WITH_RSA, derBitString(signature)));
}

function keyId(spki: Uint8Array): Uint8Array {
  return sha256(spki).slice(0, 20);
}
