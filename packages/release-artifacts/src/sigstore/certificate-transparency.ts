import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes } from "@noble/hashes/utils.js";
import { DER_TAG, derOctetString, derOid, derParts, type DerNode } from "@mero-tee/tdx-quote/der";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { verifyBy } from "./public-key.ts";
import { refuse, type SigstoreError } from "./sigstore-error.ts";
import type { TrustedLog } from "./trusted-root.ts";
import { isInWindow } from "./unix-ms.ts";
import { decodedExtension, isSame, type X509Certificate } from "./x509-certificate.ts";

const SCT_LIST = "1.3.6.1.4.1.11129.2.4.2";
const EXPLICIT_EXTENSIONS = 0xa3;
const SCT_V1 = 0;
/** `SignatureAndHashAlgorithm` of TLS 1.2: SHA-256 with ECDSA. */
const SHA256_ECDSA = 0x0403;

/** A log's promise to publish a certificate. Source: RFC 6962, section 3.2. */
interface SignedCertificateTimestamp {
  readonly logId: Uint8Array;
  /** Unix milliseconds, 8 bytes as signed. */
  readonly timestamp: Uint8Array;
  readonly extensions: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Verifies the promises of certificate transparency logs that stand in a leaf: at least one, and each by a trusted log whose
 * key counted at that time. They are over the certificate without them, and over the key of its issuer.
 *
 * Errors: `sct-missing`, `sct-malformed`, `sct-log-unknown`, `sct-signature-invalid`.
 * Source: RFC 6962, sections 3.2 and 3.3.
 */
export async function verifyScts(
  leaf: X509Certificate,
  issuer: X509Certificate,
  logs: readonly TrustedLog[],
): Promise<Result<null, SigstoreError>> {
  if (leaf.extensions.every(({ oid }) => oid !== SCT_LIST)) return refuse("sct-missing");
  const scts = parseSctList(derOctetString(decodedExtension(leaf, SCT_LIST) ?? undefined));
  const precertificate = withoutScts(leaf.tbs);
  if (scts === null || precertificate === null) return refuse("sct-malformed");
  if (scts.length === 0) return refuse("sct-missing");
  for (const sct of scts) {
    const unixMs = Number(new DataView(sct.timestamp.buffer, sct.timestamp.byteOffset).getBigUint64(0));
    const candidates = logs.filter(({ logId, validFor }) => isSame(logId, sct.logId) && isInWindow(validFor, unixMs));
    if (candidates.length === 0) return refuse("sct-log-unknown", { subject: toHex(sct.logId) });
    const signed = concatBytes(
      Uint8Array.of(SCT_V1, 0),
      sct.timestamp,
      u16be(1),
      sha256(issuer.spki),
      u24be(precertificate.length),
      precertificate,
      u16be(sct.extensions.length),
      sct.extensions,
    );
    const verdicts = candidates.map(({ key }) => verifyBy(key, "SHA-256", sct.signature, signed));
    if (!(await Promise.all(verdicts)).includes(true))
      return refuse("sct-signature-invalid", { subject: toHex(sct.logId) });
  }
  return ok(null);
}

/** Reads a `SignedCertificateTimestampList`; null when it is not one of version 1 with ECDSA and SHA-256. */
function parseSctList(bytes: Uint8Array | null): readonly SignedCertificateTimestamp[] | null {
  if (bytes === null) return null;
  const outer = vector(bytes, 0);
  if (outer?.end !== bytes.length) return null;
  const scts: SignedCertificateTimestamp[] = [];
  for (let at = 2; at < bytes.length;) {
    const item = vector(bytes, at);
    const sct = item === null ? null : parseSct(item.content);
    if (item === null || sct === null) return null;
    scts.push(sct);
    at = item.end;
  }
  return scts;
}

function parseSct(bytes: Uint8Array): SignedCertificateTimestamp | null {
  const extensions = vector(bytes, 41);
  if (bytes[0] !== SCT_V1 || extensions === null) return null;
  const { end } = extensions;
  const algorithm = ((bytes[end] ?? 0) << 8) | (bytes[end + 1] ?? 0);
  const signature = vector(bytes, end + 2);
  if (algorithm !== SHA256_ECDSA || signature?.end !== bytes.length) return null;
  return {
    logId: bytes.subarray(1, 33),
    timestamp: bytes.subarray(33, 41),
    extensions: extensions.content,
    signature: signature.content,
  };
}

/** A `<0..2^16-1>` vector at `at`; null when it runs past the end. Source: RFC 5246, section 4.3. */
function vector(bytes: Uint8Array, at: number): { readonly content: Uint8Array; readonly end: number } | null {
  const [high, low] = bytes.subarray(at, at + 2);
  if (high === undefined || low === undefined) return null;
  const end = at + 2 + high * 256 + low;
  return end > bytes.length ? null : { content: bytes.subarray(at + 2, end), end };
}

/**
 * The signed part of a certificate as it was before the log's promises came in. DER has one encoding for each value, so
 * leaving out the extension and counting the lengths anew gives the bytes that the log signed.
 */
function withoutScts(tbs: DerNode): Uint8Array | null {
  const parts = derParts(tbs, DER_TAG.sequence);
  const last = parts?.at(-1);
  const extensions = last?.tag === EXPLICIT_EXTENSIONS ? derParts(last.children?.[0], DER_TAG.sequence) : null;
  if (parts === null || extensions === null) return null;
  const kept = extensions.filter((extension) => derOid(extension.children?.[0]) !== SCT_LIST);
  const list = wrapped(DER_TAG.sequence, ...kept.map(({ bytes }) => bytes));
  return wrapped(DER_TAG.sequence, ...parts.slice(0, -1).map(({ bytes }) => bytes), wrapped(EXPLICIT_EXTENSIONS, list));
}

/** One DER value around others. Certificates are short, so lengths have at most two octets. Source: X.690, section 8.1. */
function wrapped(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...contents);
  if (content.length < 0x80) return concatBytes(Uint8Array.of(tag, content.length), content);
  if (content.length < 0x100) return concatBytes(Uint8Array.of(tag, 0x81, content.length), content);
  return concatBytes(Uint8Array.of(tag, 0x82), u16be(content.length), content);
}

/** Unsigned integers as TLS writes them. */
function u16be(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}

function u24be(value: number): Uint8Array {
  return Uint8Array.of(value >> 16, (value >> 8) & 0xff, value & 0xff);
}
