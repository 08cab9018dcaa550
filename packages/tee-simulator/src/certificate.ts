import { concatBytes, utf8 } from "./byte-writer.ts";
import { derTime } from "./civil-time.ts";
import {
  derBitString,
  derBoolean,
  derContext,
  derIa5String,
  derInteger,
  derOctetString,
  derOid,
  derPrintableString,
  derSequence,
  derSet,
  derUnsigned,
  derUtf8String,
  derValue,
} from "./der-writer.ts";
import { derSignature, type KeyPair, type Sign } from "./key-ring.ts";

/** `AlgorithmIdentifier` of ecdsa-with-SHA256, without parameters (RFC 5758, section 3.2). */
export const ECDSA_WITH_SHA256: Uint8Array = derSequence(derOid("1.2.840.10045.4.3.2"));

/** `AlgorithmIdentifier` of ecdsa-with-SHA384, which no genuine certificate here uses. */
export const ECDSA_WITH_SHA384: Uint8Array = derSequence(derOid("1.2.840.10045.4.3.3"));

/** What a human finds in every simulated certificate and CRL, as a Netscape comment that verifiers pass over. */
export const SIMULATED_MARK = "Simulated by mero-tee. No hardware stands behind this.";

/** An extension; a value may be computed when the certificate is built, from parts that changed until then. */
export interface ExtensionRecipe {
  oid: string;
  critical: boolean;
  value: Uint8Array | (() => Uint8Array);
}

/** Everything that goes into one certificate. Each field can be changed; the hooks act on the encodings. */
export interface CertificateRecipe {
  /** Unsigned, big-endian. */
  serial: Uint8Array;
  issuer: Uint8Array;
  subject: Uint8Array;
  /** Unix seconds, inclusive. */
  notBefore: number;
  /** Unix seconds, inclusive. */
  notAfter: number;
  publicKeyInfo: Uint8Array;
  extensions: ExtensionRecipe[];
  innerAlgorithm: Uint8Array;
  outerAlgorithm: Uint8Array;
  signer: KeyPair;
  /** Replaces the INTEGER encoding of the serial. */
  serialDer?: Uint8Array;
  /** Changes what gets signed. */
  editTbs?: (tbs: Uint8Array) => Uint8Array;
  /** Changes the raw `r || s` after signing. */
  editSignature?: (signature: Uint8Array) => Uint8Array;
  /** Changes the finished certificate. */
  editDer?: (der: Uint8Array) => Uint8Array;
}

/** The part of a certificate that gets signed. */
export function encodeTbs(recipe: Omit<CertificateRecipe, "signer" | "outerAlgorithm">): Uint8Array {
  return derSequence(
    derContext(0, derInteger(2)),
    recipe.serialDer ?? derUnsigned(recipe.serial),
    recipe.innerAlgorithm,
    recipe.issuer,
    derSequence(derTime(recipe.notBefore), derTime(recipe.notAfter)),
    recipe.subject,
    recipe.publicKeyInfo,
    derContext(3, derSequence(...recipe.extensions.map(encodeExtension))),
  );
}

/** Encodes and signs a certificate. Source: RFC 5280, section 4.1. */
export function buildCertificate(recipe: CertificateRecipe, sign: Sign): Uint8Array {
  const plain = encodeTbs(recipe);
  const tbs = recipe.editTbs?.(plain) ?? plain;
  const signature = sign(recipe.signer, tbs);
  const der = derSequence(
    tbs,
    recipe.outerAlgorithm,
    derBitString(derSignature(recipe.editSignature?.(signature) ?? signature)),
  );
  return recipe.editDer?.(der) ?? der;
}

/** Encodes one extension; `critical` is left out when false, as DER demands of a default. */
export function encodeExtension(extension: ExtensionRecipe): Uint8Array {
  const value = typeof extension.value === "function" ? extension.value() : extension.value;
  return derSequence(derOid(extension.oid), ...(extension.critical ? [derBoolean(true)] : []), derOctetString(value));
}

/** A name with Intel's organisation and place, in the order and string types of Intel's certificates. */
export function intelName(commonName: string): Uint8Array {
  return derSequence(
    attribute("2.5.4.3", derUtf8String(commonName)),
    attribute("2.5.4.10", derUtf8String("Intel Corporation")),
    attribute("2.5.4.7", derUtf8String("Santa Clara")),
    attribute("2.5.4.8", derUtf8String("CA")),
    attribute("2.5.4.6", derPrintableString("US")),
  );
}

function attribute(oid: string, value: Uint8Array): Uint8Array {
  return derSet(derSequence(derOid(oid), value));
}

/** authorityKeyIdentifier with a key identifier only. */
export function authorityKeyIdentifier(keyId: Uint8Array): ExtensionRecipe {
  return { oid: "2.5.29.35", critical: false, value: derSequence(derValue(0x80, keyId)) };
}

/** subjectKeyIdentifier. */
export function subjectKeyIdentifier(keyId: Uint8Array): ExtensionRecipe {
  return { oid: "2.5.29.14", critical: false, value: derOctetString(keyId) };
}

/** cRLDistributionPoints with one full name. */
export function crlDistributionPoint(url: string): ExtensionRecipe {
  const uri = derValue(0x86, utf8(url));
  return { oid: "2.5.29.31", critical: false, value: derSequence(derSequence(derContext(0, derContext(0, uri)))) };
}

/** keyUsage of a certificate authority: keyCertSign and cRLSign. */
export function authorityKeyUsage(): ExtensionRecipe {
  return { oid: "2.5.29.15", critical: true, value: derValue(0x03, Uint8Array.of(1, 0x06)) };
}

/** keyUsage of a leaf: digitalSignature and nonRepudiation. */
export function leafKeyUsage(): ExtensionRecipe {
  return { oid: "2.5.29.15", critical: true, value: derValue(0x03, Uint8Array.of(6, 0xc0)) };
}

/** basicConstraints; a path length only where one is given. */
export function basicConstraints(isAuthority: boolean, pathLength?: number): ExtensionRecipe {
  const fields = isAuthority ? [derBoolean(true)] : [];
  if (pathLength !== undefined) fields.push(derInteger(pathLength));
  return { oid: "2.5.29.19", critical: true, value: derSequence(...fields) };
}

/** The mark of simulated certificates and CRLs: Netscape comment, never critical. */
export function simulatedMark(): ExtensionRecipe {
  return { oid: "2.16.840.1.113730.1.13", critical: false, value: derIa5String(SIMULATED_MARK) };
}

/** Replaces the extension of that OID, keeping its place; appends it where there is none. */
export function replaceExtension(recipe: CertificateRecipe, extension: ExtensionRecipe): void {
  const index = recipe.extensions.findIndex((known) => known.oid === extension.oid);
  if (index === -1) recipe.extensions.push(extension);
  else recipe.extensions[index] = extension;
}

/** A copy that can be changed without changing the original. */
export function cloneCertificate(recipe: CertificateRecipe): CertificateRecipe {
  return { ...recipe, extensions: [...recipe.extensions] };
}

/** Appends bytes inside the outermost SEQUENCE of an encoding, fixing its length. */
export function appendInside(der: Uint8Array, extra: Uint8Array): Uint8Array {
  const lengthByte = der[1] ?? 0;
  const headerBytes = lengthByte < 0x80 ? 2 : 2 + (lengthByte & 0x7f);
  return derValue(der[0] ?? 0x30, concatBytes(der.subarray(headerBytes), extra));
}
