import type { Certificate, Crl } from "@mero-tee/tdx-quote";
import { contentOf, tlvAt } from "../differential/tlv.ts";
import { X509Certificate, X509Crl } from "../differential/x509.ts";

/** A certificate as `@peculiar/x509` reads it. */
type PeculiarCertificate = InstanceType<typeof X509Certificate>;

/** A list as `@peculiar/x509` reads it. */
type PeculiarCrl = InstanceType<typeof X509Crl>;

/** The reading of `@peculiar/x509`, the content of every extension included; null where it refuses the bytes. */
export function readPeculiarCertificate(der: Uint8Array): PeculiarCertificate | null {
  try {
    const certificate = new X509Certificate(der);
    // Decoded when asked for: what cannot be decoded then was not read.
    return certificate.extensions.length >= 0 ? certificate : null;
  } catch {
    // Only whether it reads them matters.
    return null;
  }
}

/** The same for a list, its entries included. */
export function readPeculiarCrl(der: Uint8Array): PeculiarCrl | null {
  try {
    const crl = new X509Crl(der);
    return crl.entries.length >= 0 && crl.extensions.length >= 0 ? crl : null;
  } catch {
    // Only whether it reads them matters.
    return null;
  }
}

function hex(bytes: ArrayBuffer | Uint8Array): string {
  return Buffer.from(bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes)).toString("hex");
}

const YEAR_100 = -59_011_459_200;

/** Unix seconds of its time; NaN for none. It takes the years 0 to 99 for 1900 to 1999, as `Date.UTC` does: what we read then. */
function secondsOf(date: Date | undefined, ours: number): number {
  return ours < YEAR_100 ? ours : (date?.getTime() ?? Number.NaN) / 1000;
}

/** One field as two parsers read it. */
interface Compared {
  readonly field: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

function differing(fields: readonly Compared[]): readonly string[] {
  return fields.filter(({ ours, theirs }) => ours !== theirs).map(({ field }) => field);
}

/** `04 || x || y`, hex; null where it cannot read the key. */
function pointOf(certificate: PeculiarCertificate): string | null {
  try {
    return hex(certificate.publicKey.rawData).slice(-2 * 65);
  } catch {
    // A key that it cannot read is another one than ours.
    return null;
  }
}

/** The fields of a certificate that it reads differently; none is as it should be. */
export function differencesFromPeculiar(ours: Certificate, theirs: PeculiarCertificate): readonly string[] {
  const extensions = theirs.extensions.map(({ type, critical, value }) => `${type} ${critical} ${hex(value)}`);
  const key = ours.publicKey === null ? "" : hex(ours.publicKey);
  return differing([
    { field: "serial", ours: BigInt(`0x${ours.serialHex}`), theirs: BigInt(`0x${theirs.serialNumber}`) },
    { field: "notBefore", ours: ours.notBefore, theirs: secondsOf(theirs.notBefore, ours.notBefore) },
    { field: "notAfter", ours: ours.notAfter, theirs: secondsOf(theirs.notAfter, ours.notAfter) },
    { field: "subject", ours: hex(ours.subject), theirs: hex(theirs.subjectName.toArrayBuffer()) },
    { field: "issuer", ours: hex(ours.issuer), theirs: hex(theirs.issuerName.toArrayBuffer()) },
    {
      field: "extensions",
      ours: ours.extensions.map(({ oid, critical, value }) => `${oid} ${critical} ${hex(value)}`).join(),
      theirs: extensions.join(),
    },
    { field: "public key", ours: key, theirs: key === "" ? "" : pointOf(theirs) },
  ]);
}

const CRL_NUMBER = "2.5.29.20";

function numberOf(crl: PeculiarCrl): string {
  const extension = crl.extensions.find(({ type }) => type === CRL_NUMBER);
  const value = extension === undefined ? new Uint8Array(0) : new Uint8Array(extension.value);
  const integer = tlvAt(value, 0);
  return integer === null ? "" : BigInt(`0x${hex(contentOf(value, integer))}`).toString();
}

/** The fields of a list that it reads differently, entries aside. */
export function differencesFromPeculiarCrl(ours: Crl, theirs: PeculiarCrl): readonly string[] {
  return differing([
    { field: "issuer", ours: hex(ours.issuer), theirs: hex(theirs.issuerName.toArrayBuffer()) },
    { field: "thisUpdate", ours: ours.thisUpdate, theirs: secondsOf(theirs.thisUpdate, ours.thisUpdate) },
    { field: "nextUpdate", ours: ours.nextUpdate, theirs: secondsOf(theirs.nextUpdate, ours.nextUpdate) },
    { field: "number", ours: ours.crlNumber.toString(), theirs: numberOf(theirs) },
  ]);
}
