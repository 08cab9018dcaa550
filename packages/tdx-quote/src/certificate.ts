import { DECODED_EXTENSIONS, type CertificateExtension } from "./certificate-extensions.ts";
import { DER_TAG, derBitStringBytes, derOid, derParts, derUnsigned, parseDer, type DerNode } from "./der.ts";
import { isP256Point } from "./p256-point.ts";
import { err, ok, type Result } from "./result.ts";
import { isEcdsaWithSha256, parseSignedDer } from "./signed-der.ts";
import { parseAsn1Time } from "./utc-time.ts";
import { parseExtensions, parseName, parseSerial } from "./x509-fields.ts";

/** Largest accepted certificate, in bytes of DER. */
const CERTIFICATE_LIMIT_BYTES = 16 * 1024;

const ID_EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const PRIME256V1 = "1.2.840.10045.3.1.7";
const EXPLICIT_VERSION = 0xa0;
const EXPLICIT_EXTENSIONS = 0xa3;

/** A parsed X.509 v3 certificate. **Not authenticated**: a chain says whether to believe it. Bytes are views of the input. */
export interface Certificate {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  /** Lower-case hex of the positive serial, whole bytes, without a leading zero byte. */
  readonly serialHex: string;
  /** DER Name. */
  readonly issuer: Uint8Array;
  /** DER Name. */
  readonly subject: Uint8Array;
  /** Null without exactly one printable common name; so below. */
  readonly issuerCommonName: string | null;
  readonly subjectCommonName: string | null;
  /** First and last second of validity, Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** 65 bytes, `04 || x || y`, a point on P-256; null for every other kind of key, which a chain refuses. */
  readonly publicKey: Uint8Array | null;
  /** `r || s`, 64 bytes; zero stands for a value that is no scalar, and never verifies. */
  readonly signature: Uint8Array;
  /** In file order, duplicates and unknown ones included: a chain refuses them. */
  readonly extensions: readonly CertificateExtension[];
}

/** What keeps bytes from being a certificate that this project reads. */
export interface CertificateError {
  readonly reason: string;
}

/**
 * Reads one certificate: strict DER, X.509 version 3, ecdsa-with-SHA256 in both places, no unique identifiers.
 *
 * What a chain judges is only carried here: names, validity, an unsupported key (null), a signature that cannot verify,
 * duplicate, unknown or missing extensions. The contents of the extensions that this project decodes must be DER too.
 *
 * Errors: the first thing that is wrong, in words.
 * Source: RFC 5280, section 4.1; Intel SGX PCK Certificate and CRL Profile.
 */
export function parseCertificate(der: Uint8Array): Result<Certificate, CertificateError> {
  if (der.length > CERTIFICATE_LIMIT_BYTES) return err({ reason: "longer than 16 KiB" });
  const signed = parseSignedDer(der);
  if (!signed.ok) return signed;
  const { tbs, signature } = signed.value;
  const [version, serial, algorithm, issuerNode, validity, subjectNode, spki, extensionsNode, ...rest] =
    derParts(tbs, DER_TAG.sequence) ?? [];

  if (version?.tag !== EXPLICIT_VERSION || derUnsigned(onlyPart(version), 2) !== 2)
    return err({ reason: "not version 3" });
  const serialHex = parseSerial(serial);
  if (serialHex === null) return err({ reason: "serial number is not a positive INTEGER of up to 20 bytes" });
  if (!isEcdsaWithSha256(algorithm)) return err({ reason: "inner signature algorithm other than ecdsa-with-SHA256" });
  const issuer = parseName(issuerNode);
  const subject = parseName(subjectNode);
  if (issuer === null || subject === null) return err({ reason: "malformed name" });
  const window = parseValidity(validity);
  if (window === null) return err({ reason: "malformed validity" });
  const publicKey = parsePublicKey(spki);
  if (publicKey === undefined) return err({ reason: "malformed public key" });
  const extensions = parseExtensionsField(extensionsNode);
  if (extensions === null || rest.length > 0) return err({ reason: "malformed extensions" });

  return ok({
    der,
    tbs: tbs.bytes,
    serialHex,
    issuer: issuer.der,
    subject: subject.der,
    issuerCommonName: issuer.commonName,
    subjectCommonName: subject.commonName,
    ...window,
    publicKey,
    signature,
    extensions,
  });
}

/** The single value inside an explicit tag. */
function onlyPart(node: DerNode): DerNode | undefined {
  return node.children?.length === 1 ? node.children[0] : undefined;
}

function parseValidity(node: DerNode | undefined): { notBefore: number; notAfter: number } | null {
  const times = derParts(node, DER_TAG.sequence)?.map(({ tag, content }) => parseAsn1Time(tag, content));
  const [notBefore = null, notAfter = null, ...rest] = times ?? [];
  return notBefore === null || notAfter === null || rest.length > 0 ? null : { notBefore, notAfter };
}

/** The P-256 point of a SubjectPublicKeyInfo; null for another kind of key, undefined when it is no such structure. */
function parsePublicKey(node: DerNode | undefined): Uint8Array | null | undefined {
  const [algorithm, keyBits, ...rest] = derParts(node, DER_TAG.sequence) ?? [];
  const [type, curve, ...others] = derParts(algorithm, DER_TAG.sequence) ?? [];
  const key = derBitStringBytes(keyBits);
  const typeOid = derOid(type);
  if (typeOid === null || key === null || rest.length > 0) return undefined;
  const isP256 = typeOid === ID_EC_PUBLIC_KEY && derOid(curve) === PRIME256V1 && others.length === 0;
  return isP256 && isP256Point(key) ? key : null;
}

/** The extensions; none when the field is absent (a chain then misses the required ones); null when malformed. */
function parseExtensionsField(node: DerNode | undefined): readonly CertificateExtension[] | null {
  if (node === undefined) return [];
  const extensions = node.tag === EXPLICIT_EXTENSIONS ? parseExtensions(onlyPart(node)) : null;
  if (extensions === null) return null;
  const read: CertificateExtension[] = [];
  for (const { oid, critical, value } of extensions) {
    const content = DECODED_EXTENSIONS.has(oid) ? parseDer(value) : null;
    if (content?.ok === false) return null;
    read.push({ oid, critical, value, content: content?.value });
  }
  return read;
}
