import {
  DER_TAG,
  derBoolean,
  derOctetString,
  derOid,
  derParts,
  derText,
  derUnsignedBytes,
  isDerText,
  type DerNode,
} from "./der.ts";
import { toHex } from "./hex.ts";

/** Fields that certificates and CRLs share. */

const COMMON_NAME = "2.5.4.3";
const MAX_SERIAL_BYTES = 20;

/** An X.509 name. */
export interface X509Name {
  /** DER of the whole Name: names are equal when these bytes are. */
  readonly der: Uint8Array;
  /** The one common name, of 1 to 64 printable ASCII characters (all of Intel's are); null without such a one. */
  readonly commonName: string | null;
}

/**
 * Reads a Name: RelativeDistinguishedNames of attributes, whose values are UTF8String or PrintableString as in all of
 * Intel's certificates.
 *
 * @returns null when the value has another shape, or a text that is none of its type
 * Source: RFC 5280, section 4.1.2.4 and appendix A.1 (ub-common-name); Intel SGX PCK Certificate and CRL Profile.
 */
export function parseName(node: DerNode | undefined): X509Name | null {
  const relativeNames = derParts(node, DER_TAG.sequence);
  if (node === undefined || relativeNames === null) return null;
  const commonNames: (string | null)[] = [];
  for (const relativeName of relativeNames) {
    const attributes = derParts(relativeName, DER_TAG.set);
    if (attributes === null || attributes.length === 0) return null;
    for (const attribute of attributes) {
      const parts = derParts(attribute, DER_TAG.sequence);
      const oid = derOid(parts?.[0]);
      // A text need not be spelled to be judged, and only the common name is of use.
      if (oid === null || !isDerText(parts?.[1]) || parts?.length !== 2) return null;
      if (oid === COMMON_NAME) commonNames.push(derText(parts[1]));
    }
  }
  const [commonName = null] = commonNames;
  const isUsable = commonNames.length === 1 && commonName !== null && /^[\x20-\x7e]{1,64}$/.test(commonName);
  return { der: node.bytes, commonName: isUsable ? commonName : null };
}

/**
 * A serial number: positive, up to 20 bytes; lower-case hex of the magnitude in the fewest bytes, so that equal integers
 * are equal texts whatever leading zero byte DER put before a high bit.
 *
 * @returns null for anything else
 * Source: RFC 5280, section 4.1.2.2.
 */
export function parseSerial(node: DerNode | undefined): string | null {
  const magnitude = derUnsignedBytes(node);
  if (magnitude === null || magnitude.length > MAX_SERIAL_BYTES || magnitude[0] === 0) return null;
  return toHex(magnitude);
}

/** An extension as it stands in a certificate, a CRL or a CRL entry. */
export interface X509Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** Content of the OCTET STRING: DER of whatever the OID says. */
  readonly value: Uint8Array;
}

/**
 * Reads `SEQUENCE OF SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING }`. Duplicates are kept for the judge.
 *
 * @returns null when the value has another shape; an encoded FALSE is one, because DER leaves defaults out
 * Source: RFC 5280, section 4.1; X.690, section 11.5.
 */
export function parseExtensions(node: DerNode | undefined): readonly X509Extension[] | null {
  const list = derParts(node, DER_TAG.sequence);
  if (list === null) return null;
  const extensions: X509Extension[] = [];
  for (const item of list) {
    const parts = derParts(item, DER_TAG.sequence);
    const oid = derOid(parts?.[0]);
    const value = derOctetString(parts?.at(-1));
    if (oid === null || value === null) return null;
    const critical = parts?.length === 3;
    if (critical ? derBoolean(parts[1]) !== true : parts?.length !== 2) return null;
    extensions.push({ oid, critical, value });
  }
  return extensions;
}

/** Whether an OID occurs more than once. */
export function hasDuplicates(extensions: readonly X509Extension[]): boolean {
  return new Set(extensions.map(({ oid }) => oid)).size !== extensions.length;
}
