import { verify, X509Certificate } from "node:crypto";
import { contentOf, isCanonicalDocument, isNegative, octetsAsNumber, oidOf, tlvAt, tlvsIn, type Tlv } from "./tlv.ts";

/** An extension of a certificate. */
interface ExtensionFacts {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** What a certificate says, by OpenSSL and by the forgiving reader. */
export interface CertificateFacts {
  readonly der: Uint8Array;
  readonly isCanonical: boolean;
  readonly commonName: string;
  /** Null where OpenSSL cannot read it. */
  readonly x509: X509Certificate | null;
  readonly extensions: readonly ExtensionFacts[];
  /** Of the public key, first octet of the BIT STRING's content: 4 for an uncompressed point. */
  readonly pointForm: number;
}

const AUTHORITY_KEY_IDENTIFIER = "2.5.29.35";
const SUBJECT_KEY_IDENTIFIER = "2.5.29.14";
const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
const SGX_EXTENSION = "1.2.840.113741.1.13.1";

const KEY_CERT_SIGN = 0x04;
const DIGITAL_SIGNATURE = 0x80;

function openSslReading(der: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(der);
  } catch {
    // The question is only whether OpenSSL can read it.
    return null;
  }
}

/** The fields of the signed part, from the version on; empty where there are none. */
function tbsFields(der: Uint8Array): readonly Tlv[] {
  const document = tlvAt(der, 0);
  const [tbs] = document === null ? [] : (tlvsIn(der, document) ?? []);
  return tbs === undefined ? [] : (tlvsIn(der, tbs) ?? []);
}

function extensionsOf(der: Uint8Array): readonly ExtensionFacts[] {
  const wrapper = tbsFields(der).find(({ tag }) => tag === 0xa3);
  const [list] = wrapper === undefined ? [] : (tlvsIn(der, wrapper) ?? []);
  const items = list === undefined ? [] : (tlvsIn(der, list) ?? []);
  return items.flatMap((item) => {
    const parts = tlvsIn(der, item) ?? [];
    const [oid] = parts;
    const value = parts.at(-1);
    if (oid === undefined || value === undefined) return [];
    return [{ oid: oidOf(der, oid), critical: parts.length === 3, value: contentOf(der, value) }];
  });
}

/** Reads a certificate. */
export function readCertificateFacts(der: Uint8Array): CertificateFacts {
  const x509 = openSslReading(der);
  const spki = tbsFields(der)[6];
  const bits = spki === undefined ? undefined : tlvsIn(der, spki)?.[1];
  return {
    der,
    isCanonical: isCanonicalDocument(der),
    commonName: x509?.subject.match(/^CN=(.*)$/m)?.[1] ?? "",
    x509,
    extensions: extensionsOf(der),
    pointForm: bits === undefined ? -1 : (contentOf(der, bits)[1] ?? -1),
  };
}

function extensionValue({ extensions }: CertificateFacts, oid: string): Uint8Array | null {
  return extensions.find((extension) => extension.oid === oid)?.value ?? null;
}

/** The key identifier that the certificate gives its issuer, hex; null without one. */
export function authorityKeyId(certificate: CertificateFacts): string | null {
  const value = extensionValue(certificate, AUTHORITY_KEY_IDENTIFIER);
  const document = value === null ? null : tlvAt(value, 0);
  if (value === null || document === null) return null;
  const keyId = tlvsIn(value, document)?.find(({ tag }) => tag === 0x80);
  return keyId === undefined ? null : Buffer.from(contentOf(value, keyId)).toString("hex");
}

/** The certificate's own key identifier, hex; null without one. */
export function subjectKeyId(certificate: CertificateFacts): string | null {
  const value = extensionValue(certificate, SUBJECT_KEY_IDENTIFIER);
  const document = value === null ? null : tlvAt(value, 0);
  return value === null || document === null ? null : Buffer.from(contentOf(value, document)).toString("hex");
}

/** First octet of the key usage bits; null without the extension. */
function keyUsage(certificate: CertificateFacts): number | null {
  return extensionValue(certificate, KEY_USAGE)?.[3] ?? null;
}

/** Whether basicConstraints says CA. */
export function isCa(certificate: CertificateFacts): boolean {
  return extensionValue(certificate, BASIC_CONSTRAINTS)?.[2] === 0x01;
}

/** Whether a certificate that issues others lacks the CA flag. */
export function issuesWithoutCaFlag([, ...issuers]: readonly CertificateFacts[]): boolean {
  return issuers.some((issuer) => !isCa(issuer));
}

/** Whether key usage is missing in a chain, forbids an issuer to sign certificates, or lets the leaf do so. */
export function hasWrongKeyUsage(chain: readonly CertificateFacts[]): boolean {
  return chain.some((certificate, index) => {
    const usage = keyUsage(certificate);
    if (usage === null) return true;
    const signsCertificates = (usage & KEY_CERT_SIGN) !== 0;
    return index === 0 ? signsCertificates || (usage & DIGITAL_SIGNATURE) === 0 : !signsCertificates;
  });
}

/** Whether some extension comes twice in a certificate. */
export function hasExtensionTwice({ extensions }: CertificateFacts): boolean {
  return new Set(extensions.map(({ oid }) => oid)).size !== extensions.length;
}

/** Whether an extension is critical that no profile of Intel's knows. */
export function hasUnknownCriticalExtension({ extensions }: CertificateFacts): boolean {
  return extensions.some(({ oid, critical }) => critical && !oid.startsWith("2.5.29."));
}

/** Whether the issuer's key made the signature; false where OpenSSL cannot read one of them. */
export function isIssuedBy(certificate: CertificateFacts, issuer: CertificateFacts): boolean {
  if (certificate.x509 === null || issuer.x509 === null) return false;
  return certificate.x509.verify(issuer.x509.publicKey);
}

/** Whether ECDSA over SHA-256 in DER was made by the certificate's key; false where OpenSSL cannot read the key. */
export function isSignedBy(message: Uint8Array, signatureDer: Uint8Array, signer: CertificateFacts): boolean {
  return signer.x509 !== null && verify("sha256", message, signer.x509.publicKey, signatureDer);
}

/** The same for a raw signature, `r || s`. */
export function isRawSignatureBy(message: Uint8Array, signature: Uint8Array, { x509 }: CertificateFacts): boolean {
  return x509 !== null && verify("sha256", message, { key: x509.publicKey, dsaEncoding: "ieee-p1363" }, signature);
}

/** The SGX extension of a PCK certificate, as far as it can be read. */
export interface SgxFacts {
  /** 16 numbers; -1 for one that is missing. */
  readonly components: readonly number[];
  /** -1 where it is missing. */
  readonly pceSvn: number;
  readonly cpuSvn: readonly number[];
  readonly pceIdHex: string;
  readonly fmspcHex: string;
  /** Whether all entries are there exactly once, with the type, the length and the range that the profile gives them. */
  readonly isComplete: boolean;
}

interface Entry {
  readonly oid: string;
  readonly value: Tlv;
}

/** `SEQUENCE OF SEQUENCE { OID, value }`; empty where it is none. */
function entriesOf(bytes: Uint8Array, list: Tlv | undefined): readonly Entry[] {
  const items = list === undefined ? [] : (tlvsIn(bytes, list) ?? []);
  return items.flatMap((item) => {
    const [oid, value] = tlvsIn(bytes, item) ?? [];
    return oid === undefined || value === undefined ? [] : [{ oid: oidOf(bytes, oid), value }];
  });
}

const ENUMERATED_LIMIT = 2;

/** Reads the SGX extension. Source: Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5. */
export function readSgxFacts(certificate: CertificateFacts): SgxFacts | null {
  const bytes = extensionValue(certificate, SGX_EXTENSION);
  const document = bytes === null ? null : tlvAt(bytes, 0);
  if (bytes === null || document === null) return null;
  const top = entriesOf(bytes, document);
  const find = (entries: readonly Entry[], suffix: string): Tlv | undefined =>
    entries.find(({ oid }) => oid === `${SGX_EXTENSION}.${suffix}`)?.value;
  const octets = (entries: readonly Entry[], suffix: string): Uint8Array => {
    const value = find(entries, suffix);
    return value === undefined ? new Uint8Array(0) : contentOf(bytes, value);
  };
  const tcb = entriesOf(bytes, find(top, "2"));
  const number = (suffix: string): number => {
    const value = find(tcb, suffix);
    return value === undefined ? -1 : octetsAsNumber(bytes, value);
  };
  const configuration = entriesOf(bytes, find(top, "7"));
  const components = Array.from({ length: 16 }, (_, index) => number(`2.${index + 1}`));
  const pceSvn = number("2.17");
  const isOnceEach = [top, tcb, configuration].every(
    (entries) => new Set(entries.map(({ oid }) => oid)).size === entries.length,
  );
  const isPlatform = top.length === 7;
  const sizes: readonly (readonly [Uint8Array, number])[] = [
    [octets(top, "1"), 16],
    [octets(top, "3"), 2],
    [octets(top, "4"), 6],
    [octets(tcb, "2.18"), 16],
    ...(isPlatform ? [[octets(top, "6"), 16] as const] : []),
  ];
  const sgxType = find(top, "5");
  return {
    components,
    pceSvn,
    cpuSvn: [...octets(tcb, "2.18")],
    pceIdHex: Buffer.from(octets(top, "3")).toString("hex"),
    fmspcHex: Buffer.from(octets(top, "4")).toString("hex"),
    isComplete:
      isOnceEach &&
      (isPlatform ? configuration.length === 3 : top.length === 5) &&
      tcb.length === 18 &&
      tcb.every(({ value }) => value.tag !== 0x02 || !isNegative(bytes, value)) &&
      components.every((svn) => svn >= 0 && svn <= 255) &&
      pceSvn >= 0 &&
      pceSvn <= 65_535 &&
      sizes.every(([value, size]) => value.length === size) &&
      sgxType?.tag === 0x0a &&
      octetsAsNumber(bytes, sgxType) <= ENUMERATED_LIMIT,
  };
}
