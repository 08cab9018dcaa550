import { DER_TAG, derBoolean, derOctetString, derParts, derUnsigned } from "@mero-tee/tdx-quote/der";
import { isInWindow } from "./unix-ms.ts";
import type { TrustedAuthority } from "./trusted-root.ts";
import { decodedExtension, isIssuedBy, isSame, oidList, type X509Certificate } from "./x509-certificate.ts";

const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
const EXTENDED_KEY_USAGE = "2.5.29.37";

/** Key usage bits, first octet of the BIT STRING. Source: RFC 5280, section 4.2.1.3. */
const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;

/** Extensions whose meaning this package enforces on every certificate of a path. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  SUBJECT_KEY_IDENTIFIER,
  KEY_USAGE,
  BASIC_CONSTRAINTS,
  AUTHORITY_KEY_IDENTIFIER,
  EXTENDED_KEY_USAGE,
]);

/** Extended key usages. Source: RFC 5280, section 4.2.1.12. */
export const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
export const TIME_STAMPING = "1.3.6.1.5.5.7.3.8";

/**
 * What is wrong with a certificate as one that signs data for one purpose and is no CA; null when nothing is.
 *
 * @param alsoUnderstood - further extensions that the caller enforces, and which may therefore be critical
 * Source: RFC 5280, section 4.2; Sigstore, Fulcio certificate specification; RFC 3161, section 2.3.
 */
export function leafProblem(
  certificate: X509Certificate,
  purpose: typeof CODE_SIGNING | typeof TIME_STAMPING,
  alsoUnderstood: readonly string[] = [],
): string | null {
  const strange = strangeCritical(certificate, alsoUnderstood);
  if (strange !== null) return strange;
  const usage = keyUsage(certificate);
  if (usage === null || (usage & DIGITAL_SIGNATURE) === 0) return "its key usage is not to sign";
  if ((usage & KEY_CERT_SIGN) !== 0) return "it may issue certificates";
  const purposes = oidList(decodedExtension(certificate, EXTENDED_KEY_USAGE));
  if (purposes?.length !== 1 || purposes[0] !== purpose) return `its only purpose is not ${PURPOSES[purpose]}`;
  return isAbsentOrEndEntity(certificate) ? null : "it is a CA";
}

const PURPOSES = { [CODE_SIGNING]: "code signing", [TIME_STAMPING]: "time stamping" } as const;

/**
 * What keeps a certificate from being issued by an authority at an instant; null when nothing does.
 *
 * The authority's chain must be in order and end in a certificate that issued itself: each certificate issued by the next
 * (name, key identifiers, signature), each a CA that may issue, within its path length, of a purpose that covers the leaf's, and
 * valid at that instant like the leaf itself.
 *
 * @param chain - from the issuer of `leaf` up to the root
 * Source: RFC 5280, section 6.1.
 */
export async function pathProblem(
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  unixMs: number,
  purpose: typeof CODE_SIGNING | typeof TIME_STAMPING,
): Promise<string | null> {
  let child = leaf;
  for (const [depth, issuer] of chain.entries()) {
    const problem = authorityProblem(issuer, depth, purpose);
    if (problem !== null) return problem;
    if (!isInWindow(issuer.validity, unixMs)) return "a CA certificate is not valid at that time";
    if (!namesIssuerKey(child, issuer) || !(await isIssuedBy(child, issuer)))
      return "it was not issued by that authority";
    child = issuer;
  }
  return (await isIssuedBy(child, child)) ? null : "the authority's chain does not end in a root";
}

/** Whether an authority may be asked about an instant. */
export function servesAt({ validFor }: TrustedAuthority, unixMs: number): boolean {
  return isInWindow(validFor, unixMs);
}

function authorityProblem(certificate: X509Certificate, certificatesBelow: number, purpose: string): string | null {
  const strange = strangeCritical(certificate, []);
  if (strange !== null) return strange;
  const usage = keyUsage(certificate);
  if (usage === null || (usage & KEY_CERT_SIGN) === 0) return "a CA certificate may not issue certificates";
  const [isCa, pathLength] =
    derParts(decodedExtension(certificate, BASIC_CONSTRAINTS) ?? undefined, DER_TAG.sequence) ?? [];
  if (derBoolean(isCa) !== true) return "a certificate of the authority is no CA";
  const limit = pathLength === undefined ? Infinity : derUnsigned(pathLength, 0xffff);
  if (limit === null || certificatesBelow > limit) return "the path is longer than a CA allows";
  if (certificate.extensions.every(({ oid }) => oid !== EXTENDED_KEY_USAGE)) return null;
  const purposes = oidList(decodedExtension(certificate, EXTENDED_KEY_USAGE));
  return purposes?.includes(purpose) === true ? null : "a CA certificate is for another purpose";
}

function strangeCritical({ extensions }: X509Certificate, alsoUnderstood: readonly string[]): string | null {
  const strange = extensions.find(
    ({ oid, critical }) => critical && !UNDERSTOOD.has(oid) && !alsoUnderstood.includes(oid),
  );
  return strange === undefined ? null : `unknown critical extension ${strange.oid}`;
}

/** The first octet of the key usage; null without a well-formed one. */
function keyUsage(certificate: X509Certificate): number | null {
  const node = decodedExtension(certificate, KEY_USAGE);
  return node?.tag === DER_TAG.bitString ? (node.content[1] ?? null) : null;
}

function isAbsentOrEndEntity(certificate: X509Certificate): boolean {
  if (certificate.extensions.every(({ oid }) => oid !== BASIC_CONSTRAINTS)) return true;
  return derParts(decodedExtension(certificate, BASIC_CONSTRAINTS) ?? undefined, DER_TAG.sequence)?.length === 0;
}

/** Where both certificates carry key identifiers, they name the same key. Source: RFC 5280, section 4.2.1.1. */
function namesIssuerKey(child: X509Certificate, issuer: X509Certificate): boolean {
  const [named] = derParts(decodedExtension(child, AUTHORITY_KEY_IDENTIFIER) ?? undefined, DER_TAG.sequence) ?? [];
  const own = derOctetString(decodedExtension(issuer, SUBJECT_KEY_IDENTIFIER) ?? undefined);
  return named?.tag !== 0x80 || own === null || isSame(named.content, own);
}
