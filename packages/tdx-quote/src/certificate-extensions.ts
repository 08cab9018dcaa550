import { DER_TAG, derBoolean, derOctetString, derParts, derUnsigned, type DerNode } from "./der.ts";
import { hasDuplicates, type X509Extension } from "./x509-fields.ts";

const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const CRL_DISTRIBUTION_POINTS = "2.5.29.31";
/** OID of the authority key identifier, which CRLs carry too. */
export const AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
/** OID of the platform values in a PCK certificate. Source: Intel SGX PCK Certificate and CRL Profile. */
export const SGX_EXTENSION = "1.2.840.113741.1.13.1";

/** What every certificate of a chain must carry; nothing else may be critical. */
const REQUIRED_EXTENSIONS: readonly string[] = [
  AUTHORITY_KEY_IDENTIFIER,
  CRL_DISTRIBUTION_POINTS,
  SUBJECT_KEY_IDENTIFIER,
  KEY_USAGE,
  BASIC_CONSTRAINTS,
];

/** Extensions whose contents this project reads, and which therefore must be strict DER for a certificate to parse. */
export const DECODED_EXTENSIONS: ReadonlySet<string> = new Set([...REQUIRED_EXTENSIONS, SGX_EXTENSION]);

/** What a certificate may do: sign CAs, sign end entities, or sign data only. */
export type CertificateProfile = "root" | "ca" | "end-entity";

/** Key usage bits, first octet of the BIT STRING. Source: RFC 5280, section 4.2.1.3. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
const CRL_SIGN = 0x02;

/** Longer paths than anyone could send; the reader of integers wants a bound. */
const MAX_PATH_LENGTH = 0xffff_ffff;

/** An extension of a certificate. */
export interface CertificateExtension extends X509Extension {
  /** What the value holds, of those in {@link DECODED_EXTENSIONS}: a chain asks for it many times. */
  readonly content: DerNode | undefined;
}

/** The extensions of a certificate, its only part that matters here. */
interface WithExtensions {
  readonly extensions: readonly CertificateExtension[];
}

/**
 * What is wrong with the extensions of a certificate in its place of a chain; null when nothing is.
 *
 * No duplicates, no critical one besides the five required, all five present, each of its own shape; then CA flag, path
 * length and key usage as the profile demands: without them a PCK certificate could issue certificates.
 * Source: RFC 5280, section 4.2.1; Intel SGX PCK Certificate and CRL Profile.
 */
export function extensionProblem(certificate: WithExtensions, profile: CertificateProfile): string | null {
  const { extensions } = certificate;
  if (hasDuplicates(extensions)) return "duplicate extension";
  const strange = extensions.find(({ oid, critical }) => critical && !REQUIRED_EXTENSIONS.includes(oid));
  if (strange !== undefined) return `unknown critical extension ${strange.oid}`;
  const missing = REQUIRED_EXTENSIONS.find((oid) => extensions.every((extension) => extension.oid !== oid));
  if (missing !== undefined) return `no extension ${missing}`;

  if (authorityKeyIdentifier(decoded(certificate, AUTHORITY_KEY_IDENTIFIER)) === null) {
    return "malformed authority key identifier";
  }
  if (subjectKeyId(certificate) === null) return "malformed subject key identifier";
  if (!isDistributionPoints(decoded(certificate, CRL_DISTRIBUTION_POINTS))) return "malformed CRL distribution points";
  return keyUsageProblem(certificate, profile) ?? basicConstraintsProblem(certificate, profile);
}

/** The key identifier of the issuer, where the certificate names one; null where it does not. */
export function authorityKeyId(certificate: WithExtensions): Uint8Array | null {
  return authorityKeyIdentifier(decoded(certificate, AUTHORITY_KEY_IDENTIFIER))?.keyId ?? null;
}

/** The certificate's own key identifier; null without a well-formed, non-empty one. */
export function subjectKeyId(certificate: WithExtensions): Uint8Array | null {
  const keyId = derOctetString(decoded(certificate, SUBJECT_KEY_IDENTIFIER));
  return keyId === null || keyId.length === 0 ? null : keyId;
}

/**
 * Reads `SEQUENCE { [0] keyIdentifier, [1] authorityCertIssuer, [2] authorityCertSerialNumber }`, all optional.
 *
 * @returns null when the value has another shape, or an empty key identifier: two empty ones would match each other
 * Source: RFC 5280, section 4.2.1.1.
 */
export function authorityKeyIdentifier(node: DerNode | undefined): { readonly keyId: Uint8Array | null } | null {
  const parts = derParts(node, DER_TAG.sequence);
  if (parts === null) return null;
  const keyId = parts[0]?.tag === 0x80 ? parts[0].content : null;
  const [issuer, serialNumber, ...rest] = keyId === null ? parts : parts.slice(1);
  const isPair = issuer?.tag === 0xa1 && serialNumber?.tag === 0x82 && rest.length === 0;
  if (issuer !== undefined && !isPair) return null;
  return keyId?.length === 0 ? null : { keyId };
}

/** Only the outline: the points are never followed, because a URL of an unverified chain is an order from a stranger. */
function isDistributionPoints(node: DerNode | undefined): boolean {
  const points = derParts(node, DER_TAG.sequence);
  return points !== null && points.length > 0 && points.every(({ tag }) => tag === DER_TAG.sequence);
}

function keyUsageProblem(certificate: WithExtensions, profile: CertificateProfile): string | null {
  const node = decoded(certificate, KEY_USAGE);
  const [unused, bits, more, ...rest] = node?.tag === DER_TAG.bitString ? node.content : [];
  // In DER a list of named bits ends with a bit that is set, so the last octet is never zero.
  const last = more ?? bits;
  const isNamedBits = unused !== undefined && last !== undefined && ((last >> unused) & 1) === 1;
  if (bits === undefined || !isNamedBits || rest.length > 0) return "malformed key usage";
  const has = (usage: number): boolean => (bits & usage) !== 0;
  if (profile === "end-entity") {
    if (has(KEY_CERT_SIGN)) return "key usage lets an end entity sign certificates";
    return has(DIGITAL_SIGNATURE) ? null : "key usage lacks digitalSignature";
  }
  return has(KEY_CERT_SIGN) && has(CRL_SIGN) ? null : "key usage lacks keyCertSign or cRLSign";
}

function basicConstraintsProblem(certificate: WithExtensions, profile: CertificateProfile): string | null {
  const parts = derParts(decoded(certificate, BASIC_CONSTRAINTS), DER_TAG.sequence);
  if (parts === null) return "malformed basic constraints";
  const [cA, pathLength, ...rest] = parts;
  const isCa = cA !== undefined;
  // DER leaves the default FALSE out; a path length belongs to a CA only.
  const isMalformed = isCa && derBoolean(cA) !== true;
  const limit = pathLength === undefined ? MAX_PATH_LENGTH : derUnsigned(pathLength, MAX_PATH_LENGTH);
  if (isMalformed || limit === null || rest.length > 0) return "malformed basic constraints";
  if (profile === "end-entity") return isCa ? "basic constraints make an end entity a CA" : null;
  if (!isCa) return "basic constraints make a CA an end entity";
  return profile === "root" && limit < 1 ? "path length of the root allows no intermediate CA" : null;
}

/** The content of the first extension with this OID; undefined without one. */
function decoded({ extensions }: WithExtensions, oid: string): DerNode | undefined {
  return extensions.find((candidate) => candidate.oid === oid)?.content;
}
