import { sha256 } from "@noble/hashes/sha2.js";
import {
  DER_TAG,
  derBitStringBytes,
  derBoolean,
  derOid,
  derParts,
  type DerNode,
  parseDer,
} from "@mero-tee/tdx-quote/der";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { parseAsn1Time } from "@mero-tee/tdx-quote/utc-time";
import { parseExtensions, type X509Extension } from "@mero-tee/tdx-quote/x509-fields";

/** RSASSA-PKCS1-v1_5 by OID. Source: RFC 8017, appendix A.2.4. */
const RSA_HASHES: ReadonlyMap<string, string> = new Map([
  ["1.2.840.113549.1.1.11", "SHA-256"],
  ["1.2.840.113549.1.1.12", "SHA-384"],
  ["1.2.840.113549.1.1.13", "SHA-512"],
]);

const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
/** Bit 5 of the key usage, first octet. Source: RFC 5280, section 4.2.1.3. */
const KEY_CERT_SIGN = 0x04;
const EXPLICIT_EXTENSIONS = 0xa3;
/** Longest chain that is walked. */
const CHAIN_LIMIT = 10;

interface RsaCertificate {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array<ArrayBuffer>;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
  readonly hash: string;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly extensions: readonly X509Extension[];
}

/** A chain that leads to a pinned root, or why it does not, as a clause. */
export type RsaChainJudgement = { readonly leafSpki: Uint8Array<ArrayBuffer> } | { readonly problem: string };

/**
 * Judges a chain of RSA certificates, leaf first: each signed by the next, every issuer a CA, all valid now, the last one
 * pinned by its SHA-256.
 *
 * @param rootSha256 - lower-case hex
 * Source: RFC 5280, section 6.1, for a path that is given.
 */
export async function judgeRsaChain(
  chain: readonly Uint8Array[],
  rootSha256: readonly string[],
  now: number,
): Promise<RsaChainJudgement> {
  if (chain.length === 0 || chain.length > CHAIN_LIMIT) return { problem: `it has ${chain.length} certificates` };
  const certificates = chain.map(parseCertificate);
  const [leaf] = certificates;
  if (leaf === undefined || leaf === null || certificates.includes(null))
    return { problem: "a certificate cannot be read" };
  const whole = certificates.filter((certificate) => certificate !== null);
  for (const [index, certificate] of whole.entries()) {
    if (now < certificate.notBefore || now > certificate.notAfter) return { problem: "a certificate is not valid now" };
    // The root has issued itself.
    const issuer = whole[index + 1] ?? certificate;
    if (index > 0 && !mayIssue(certificate)) return { problem: "an issuer is no CA" };
    if (!equalBytes(certificate.issuer, issuer.subject) || !(await isSignedBy(certificate, issuer))) {
      return { problem: "a certificate was not issued by the next one" };
    }
  }
  const root = whole.at(-1)?.der ?? new Uint8Array(0);
  return rootSha256.includes(toHex(sha256(root)))
    ? { leafSpki: leaf.spki }
    : { problem: "it does not end in a root that this build knows" };
}

function mayIssue({ extensions }: RsaCertificate): boolean {
  const [isCa] = derParts(valueOf(extensions, BASIC_CONSTRAINTS), DER_TAG.sequence) ?? [];
  const usage = valueOf(extensions, KEY_USAGE);
  const maySign = usage?.tag === DER_TAG.bitString && ((usage.content[1] ?? 0) & KEY_CERT_SIGN) !== 0;
  return derBoolean(isCa) === true && maySign;
}

function valueOf(extensions: readonly X509Extension[], oid: string): DerNode | undefined {
  const extension = extensions.find((candidate) => candidate.oid === oid);
  const document = extension === undefined ? null : parseDer(extension.value);
  return document?.ok === true ? document.value : undefined;
}

async function isSignedBy({ tbs, signature, hash }: RsaCertificate, issuer: RsaCertificate): Promise<boolean> {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash };
  try {
    const key = await crypto.subtle.importKey("spki", issuer.spki, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, key, signature, tbs);
  } catch {
    // WebCrypto says with exceptions what it cannot use: keys of another kind, malformed numbers.
    return false;
  }
}

function parseCertificate(der: Uint8Array): RsaCertificate | null {
  const document = parseDer(der);
  const [tbs, algorithm, bits] = document.ok ? (derParts(document.value, DER_TAG.sequence) ?? []) : [];
  const [, , inner, issuer, validity, subject, spki, extensionsNode] = derParts(tbs, DER_TAG.sequence) ?? [];
  const hash = RSA_HASHES.get(derOid(derParts(algorithm, DER_TAG.sequence)?.[0]) ?? "");
  const signature = derBitStringBytes(bits);
  const times = derParts(validity, DER_TAG.sequence)?.map(({ tag, content }) => parseAsn1Time(tag, content)) ?? [];
  const [notBefore = null, notAfter = null] = times;
  const extensions = extensionsNode?.tag === EXPLICIT_EXTENSIONS ? parseExtensions(extensionsNode.children?.[0]) : [];
  if (tbs === undefined || algorithm === undefined || inner === undefined || issuer === undefined) return null;
  if (subject === undefined || spki === undefined || hash === undefined || signature === null) return null;
  if (notBefore === null || notAfter === null || extensions === null) return null;
  if (!equalBytes(inner.bytes, algorithm.bytes)) return null;
  return {
    der,
    tbs: tbs.bytes.slice(),
    issuer: issuer.bytes,
    subject: subject.bytes,
    notBefore,
    notAfter,
    spki: spki.bytes.slice(),
    hash,
    signature: signature.slice(),
    extensions,
  };
}
