import {
  authorityKeyIdentifier,
  basicConstraints,
  buildCertificate,
  type CertificateRecipe,
  ECDSA_WITH_SHA256,
  ECDSA_WITH_SHA384,
  type ExtensionRecipe,
  simulatedMark,
  subjectKeyIdentifier,
} from "../certificate.ts";
import { derOid, derSequence, derSet, derUtf8String, derValue } from "../der-writer.ts";
import { utf8 } from "../byte-writer.ts";
import { signingKey, type SigningKey } from "./signing-key.ts";
import type { KeyRing } from "../key-ring.ts";

const ORGANISATION = "mero-tee simulation";
const SECONDS_PER_YEAR = 365 * 86_400;

/** Extended key usages. Source: RFC 5280, section 4.2.1.12. */
export const PURPOSES = { codeSigning: "1.3.6.1.5.5.7.3.3", timeStamping: "1.3.6.1.5.5.7.3.8" } as const;

/** A CA or a signer of the simulated Sigstore with everything that its certificate was made of. */
export interface Authority {
  readonly key: SigningKey;
  readonly recipe: CertificateRecipe;
  readonly der: Uint8Array;
}

/** A DER Name of this simulation. */
export function simulatedName(commonName: string): Uint8Array {
  return derSequence(nameAttribute("2.5.4.10", ORGANISATION), nameAttribute("2.5.4.3", commonName));
}

function nameAttribute(oid: string, text: string): Uint8Array {
  return derSet(derSequence(derOid(oid), derUtf8String(text)));
}

/** keyUsage of one octet, of which `unused` bits at the end are not there. */
export function keyUsage(bits: number, unused: number): ExtensionRecipe {
  return { oid: "2.5.29.15", critical: true, value: derValue(0x03, Uint8Array.of(unused, bits)) };
}

/** extKeyUsage. */
export function extendedKeyUsage(oid: string, critical = false): ExtensionRecipe {
  return { oid: "2.5.29.37", critical, value: derSequence(derOid(oid)) };
}

/** subjectAltName with one URI. */
export function subjectUri(uri: string): ExtensionRecipe {
  return { oid: "2.5.29.17", critical: true, value: derSequence(derValue(0x86, utf8(uri))) };
}

/** An extension of Fulcio's: raw text below 8, a UTF8String from there on. */
export function runExtension(number: number, text: string): ExtensionRecipe {
  const value = number < 8 ? utf8(text) : derUtf8String(text);
  return { oid: `1.3.6.1.4.1.57264.1.${number}`, critical: false, value };
}

/** keyUsage of who issues certificates, and of who signs data. */
const ISSUES: ExtensionRecipe = keyUsage(0x06, 1);
export const SIGNS: ExtensionRecipe = keyUsage(0x80, 7);

/** Signs a certificate with its issuer's key. */
export function issue(recipe: CertificateRecipe, issuer: SigningKey): Uint8Array {
  return buildCertificate(recipe, (_pair, message) => issuer.signRaw(message));
}

/** The algorithm by which a key signs certificates. */
export function algorithmOf(key: SigningKey): Uint8Array {
  return key.details === "PKIX_ECDSA_P384_SHA_384" ? ECDSA_WITH_SHA384 : ECDSA_WITH_SHA256;
}

/** Makes a root, or with `issuer` a certificate below it. */
export function createAuthority(
  ring: KeyRing,
  name: string,
  options: {
    readonly now: number;
    readonly extensions: readonly ExtensionRecipe[];
    readonly issuer?: Authority;
    readonly kind?: "P-256" | "P-384";
  },
): Authority {
  const { now, extensions, issuer, kind = "P-384" } = options;
  const key = signingKey(ring, name, kind);
  const issuerKey = issuer?.key ?? key;
  const recipe: CertificateRecipe = {
    serial: ring.bytes(`serial ${name}`, 8).map((byte, index) => (index === 0 ? (byte & 0x7f) | 1 : byte)),
    issuer: issuer?.recipe.subject ?? simulatedName(name),
    subject: simulatedName(name),
    notBefore: now - 5 * SECONDS_PER_YEAR,
    notAfter: now + 5 * SECONDS_PER_YEAR,
    publicKeyInfo: key.spki,
    extensions: [
      ...extensions,
      subjectKeyIdentifier(key.pair.keyId),
      authorityKeyIdentifier(issuerKey.pair.keyId),
      simulatedMark(),
    ],
    innerAlgorithm: algorithmOf(issuerKey),
    outerAlgorithm: algorithmOf(issuerKey),
    signer: issuerKey.pair,
  };
  return { key, recipe, der: issue(recipe, issuerKey) };
}

/** The extensions of a CA. */
export function authorityExtensions(pathLength?: number, purpose?: string): readonly ExtensionRecipe[] {
  return [ISSUES, basicConstraints(true, pathLength), ...(purpose === undefined ? [] : [extendedKeyUsage(purpose)])];
}
