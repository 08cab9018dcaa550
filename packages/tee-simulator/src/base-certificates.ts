import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "./byte-writer.ts";
import {
  authorityKeyIdentifier,
  authorityKeyUsage,
  basicConstraints,
  crlDistributionPoint,
  ECDSA_WITH_SHA256,
  intelName,
  leafKeyUsage,
  simulatedMark,
  subjectKeyIdentifier,
  type CertificateRecipe,
} from "./certificate.ts";
import { p256PublicKeyInfo, type KeyPair } from "./key-ring.ts";
import { crlNumber, type CrlRecipe } from "./revocation-list.ts";

/** Subject common names of the roles (Intel SGX PCK Certificate and CRL Profile Specification). */
export const COMMON_NAME = {
  root: "Intel SGX Root CA",
  platform: "Intel SGX PCK Platform CA",
  processor: "Intel SGX PCK Processor CA",
  pck: "Intel SGX PCK Certificate",
  tcbSigning: "Intel SGX TCB Signing",
} as const;

/** Where the certificates say that lists are found; a name that resolves nowhere (RFC 2606, section 2). */
const DISTRIBUTION_POINT = "https://simulated-platform.invalid";

const DAY = 86_400;
const YEAR = 365 * DAY;

/** A certificate authority under the root, or the root itself where both keys are the same. */
export function authorityCertificate(
  commonName: string,
  key: KeyPair,
  rootKey: KeyPair,
  manufacturedAt: number,
): CertificateRecipe {
  const isRoot = key === rootKey;
  return {
    // Intel's root and authorities use their key identifier as serial number.
    serial: key.keyId,
    issuer: intelName(COMMON_NAME.root),
    subject: intelName(commonName),
    notBefore: manufacturedAt - 3 * YEAR,
    notAfter: manufacturedAt + (isRoot ? 25 : 12) * YEAR,
    publicKeyInfo: p256PublicKeyInfo(key),
    extensions: [
      authorityKeyIdentifier(rootKey.keyId),
      crlDistributionPoint(`${DISTRIBUTION_POINT}/IntelSGXRootCA.der`),
      subjectKeyIdentifier(key.keyId),
      authorityKeyUsage(),
      basicConstraints(true, isRoot ? 1 : 0),
      simulatedMark(),
    ],
    innerAlgorithm: ECDSA_WITH_SHA256,
    outerAlgorithm: ECDSA_WITH_SHA256,
    signer: rootKey,
  };
}

/** Who issues a leaf: the name and the key of an authority. */
export interface LeafIssuer {
  readonly name: Uint8Array;
  readonly key: KeyPair;
  /** Path of its revocation list under {@link DISTRIBUTION_POINT}. */
  readonly crlPath: string;
}

/** A leaf certificate, valid from a year before manufacture for eight years. */
export function leafCertificate(
  commonName: string,
  key: KeyPair,
  issuer: LeafIssuer,
  manufacturedAt: number,
): CertificateRecipe {
  return {
    serial: leafSerial(key),
    issuer: issuer.name,
    subject: intelName(commonName),
    notBefore: manufacturedAt - YEAR,
    notAfter: manufacturedAt + 7 * YEAR,
    publicKeyInfo: p256PublicKeyInfo(key),
    extensions: [
      authorityKeyIdentifier(issuer.key.keyId),
      crlDistributionPoint(`${DISTRIBUTION_POINT}/${issuer.crlPath}`),
      subjectKeyIdentifier(key.keyId),
      leafKeyUsage(),
      basicConstraints(false),
      simulatedMark(),
    ],
    innerAlgorithm: ECDSA_WITH_SHA256,
    outerAlgorithm: ECDSA_WITH_SHA256,
    signer: issuer.key,
  };
}

/** 20 bytes that follow from the key, high bit clear, so that a case can set it on purpose. */
function leafSerial(key: KeyPair): Uint8Array {
  const serial = sha256(key.keyId).slice(0, 20);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return serial;
}

/** The list of an authority. Real lists are not empty: this one holds a serial that belongs to nobody here. */
export function revocationList(
  issuer: Uint8Array,
  signer: KeyPair,
  issuedAt: number,
  lifetimeSeconds: number,
): CrlRecipe {
  return {
    issuer,
    thisUpdate: issuedAt,
    nextUpdate: issuedAt + lifetimeSeconds,
    revoked: [{ serial: sha256(utf8("a revoked stranger")).slice(0, 20), date: issuedAt }],
    extensions: [crlNumber(1), authorityKeyIdentifier(signer.keyId), simulatedMark()],
    signer,
  };
}
