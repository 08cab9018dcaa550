import { AUTHORITY_KEY_IDENTIFIER, authorityKeyIdentifier } from "./certificate-extensions.ts";
import { DER_TAG, derParts, derUnsigned, derUnsignedBytes, parseDer, type DerNode } from "./der.ts";
import { equalBytes } from "./equal-bytes.ts";
import { toHex } from "./hex.ts";
import { err, ok, type Result } from "./result.ts";
import { isEcdsaWithSha256, parseSignedDer } from "./signed-der.ts";
import { parseAsn1Time } from "./utc-time.ts";
import { hasDuplicates, parseExtensions, parseName, parseSerial } from "./x509-fields.ts";

/** Largest accepted certificate revocation list, in bytes of DER. */
const CRL_LIMIT_BYTES = 4 * 1024 * 1024;

const EXPLICIT_EXTENSIONS = 0xa0;
const CRL_NUMBER = "2.5.29.20";
const REASON_CODE = "2.5.29.21";
const INVALIDITY_DATE = "2.5.29.24";
const DELTA_CRL_INDICATOR = "2.5.29.27";
const ISSUING_DISTRIBUTION_POINT = "2.5.29.28";
const CERTIFICATE_ISSUER = "2.5.29.29";
const MAX_CRL_NUMBER_BYTES = 20;

/** Extensions that change what a list is about: part of a list, a list of some certificates, a list of other issuers'. */
const SCOPE_EXTENSIONS: ReadonlySet<string> = new Set([
  DELTA_CRL_INDICATOR,
  ISSUING_DISTRIBUTION_POINT,
  CERTIFICATE_ISSUER,
]);

/** A parsed certificate revocation list. **Not authenticated**: see `judgeCrl`. Bytes are views of the input. */
export interface Crl {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  /** DER Name. */
  readonly issuer: Uint8Array;
  /** First and last second of validity, Unix seconds. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Grows with every list of an issuer. */
  readonly crlNumber: bigint;
  /** Key identifier of the issuer, where the list names one. */
  readonly authorityKeyId: Uint8Array | null;
  /** `r || s`, 64 bytes. */
  readonly signature: Uint8Array;
  /** Whether a serial, spelled as `Certificate.serialHex` is, stands in the list; reason and date do not matter. */
  readonly revokes: (serialHex: string) => boolean;
}

/** What keeps bytes from being a CRL that this project reads. */
export interface CrlError {
  readonly reason: string;
}

/**
 * Reads one full CRL of version 2: strict DER, ecdsa-with-SHA256, nextUpdate, cRLNumber and authorityKeyIdentifier present,
 * no unknown critical extension, neither delta nor indirect nor partitioned.
 *
 * Errors: the first thing that is wrong, in words. There is no "empty" success: what does not parse revokes unknown serials.
 * Source: RFC 5280, section 5; Intel SGX PCK Certificate and CRL Profile.
 */
export function parseCrl(der: Uint8Array): Result<Crl, CrlError> {
  if (der.length > CRL_LIMIT_BYTES) return err({ reason: "longer than 4 MiB" });
  const signed = parseSignedDer(der);
  if (!signed.ok) return signed;
  const { tbs, signature } = signed.value;
  const [version, algorithm, issuerNode, thisUpdateNode, nextUpdateNode, ...optional] =
    derParts(tbs, DER_TAG.sequence) ?? [];

  if (derUnsigned(version, 1) !== 1) return err({ reason: "not version 2" });
  if (!isEcdsaWithSha256(algorithm)) return err({ reason: "inner signature algorithm other than ecdsa-with-SHA256" });
  const issuer = parseName(issuerNode);
  if (issuer === null) return err({ reason: "malformed issuer name" });
  const thisUpdate = parseTime(thisUpdateNode);
  const nextUpdate = parseTime(nextUpdateNode);
  if (thisUpdate === null || nextUpdate === null)
    return err({ reason: "thisUpdate or nextUpdate missing or malformed" });
  // revokedCertificates is absent when nothing is revoked.
  const entries = optional.length === 2 ? optional[0] : undefined;
  const serials = entries === undefined ? new Set<string>() : parseEntries(entries);
  if (serials === null) return err({ reason: "malformed entry" });
  const extensions = optional.length <= 2 ? parseCrlExtensions(optional.at(-1)) : null;
  if (extensions === null) return err({ reason: "missing, malformed or unsupported CRL extension" });

  return ok({
    der,
    tbs: tbs.bytes,
    issuer: issuer.der,
    thisUpdate,
    nextUpdate,
    ...extensions,
    signature,
    revokes: (serialHex) => serials.has(serialHex),
  });
}

function parseTime(node: DerNode | undefined): number | null {
  return node === undefined ? null : parseAsn1Time(node.tag, node.content);
}

/** The serials of `SEQUENCE OF SEQUENCE { serial, revocationDate, extensions OPTIONAL }`; null when malformed. */
function parseEntries(list: DerNode): ReadonlySet<string> | null {
  if (list.tag !== DER_TAG.sequence) return null;
  const serials = new Set<string>();
  const areExtensions = accepting((node) => supportedExtensions(node, [REASON_CODE, INVALIDITY_DATE]) !== null);
  for (const entry of list.elements()) {
    const parts = derParts(entry, DER_TAG.sequence, 3);
    const serial = parseSerial(parts?.[0]);
    if (parts === null || serial === null || parseTime(parts[1]) === null) return null;
    if (parts[2] !== undefined && !areExtensions(parts[2])) return null;
    serials.add(serial);
  }
  return serials;
}

/**
 * The same judgement, without judging again what is byte for byte what it accepted last: most entries of a list
 * were revoked for one reason.
 */
function accepting(judge: (node: DerNode) => boolean): (node: DerNode) => boolean {
  let last: Uint8Array | null = null;
  return (node) => {
    const { bytes } = node;
    if (last !== null && equalBytes(bytes, last)) return true;
    if (!judge(node)) return false;
    last = bytes;
    return true;
  };
}

function parseCrlExtensions(node: DerNode | undefined): Pick<Crl, "crlNumber" | "authorityKeyId"> | null {
  if (node?.tag !== EXPLICIT_EXTENSIONS || node.children?.length !== 1) return null;
  const values = supportedExtensions(node.children[0], [CRL_NUMBER, AUTHORITY_KEY_IDENTIFIER]);
  const number = derUnsignedBytes(decoded(values?.get(CRL_NUMBER)));
  const authority = authorityKeyIdentifier(decoded(values?.get(AUTHORITY_KEY_IDENTIFIER)));
  if (number === null || number.length > MAX_CRL_NUMBER_BYTES || authority === null) return null;
  return { crlNumber: BigInt(`0x${toHex(number)}`), authorityKeyId: authority.keyId };
}

/** Extension values by OID; null when malformed, duplicate, of another scope, or critical and not in `known`. */
function supportedExtensions(
  node: DerNode | undefined,
  known: readonly string[],
): ReadonlyMap<string, Uint8Array> | null {
  const extensions = parseExtensions(node);
  if (extensions === null || hasDuplicates(extensions)) return null;
  const refused = extensions.some(
    ({ oid, critical }) => SCOPE_EXTENSIONS.has(oid) || (critical && !known.includes(oid)),
  );
  return refused ? null : new Map(extensions.map(({ oid, value }) => [oid, value]));
}

function decoded(value: Uint8Array | undefined): DerNode | undefined {
  const document = value === undefined ? undefined : parseDer(value);
  return document?.ok === true ? document.value : undefined;
}
