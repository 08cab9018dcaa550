import { sha256 } from "@noble/hashes/sha2.js";
import {
  DER_TAG,
  derBitStringBytes,
  derBoolean,
  derOid,
  derParts,
  derUnsigned,
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

/** AlgorithmIdentifier of RSASSA-PSS with SHA-256 throughout and a salt of its length, DER. Source: RFC 4055, sections 3.1 and 6. */
const PSS_SHA256 =
  "304106092a864886f70d01010a3034a00f300d06096086480165030402010500" +
  "a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120";

const KEY_USAGE = "2.5.29.15";
const BASIC_CONSTRAINTS = "2.5.29.19";
/** Extensions that are judged here, and which may therefore be critical. */
const UNDERSTOOD: ReadonlySet<string> = new Set([KEY_USAGE, BASIC_CONSTRAINTS]);
/** Bit 5 of the key usage, first octet. Source: RFC 5280, section 4.2.1.3. */
const KEY_CERT_SIGN = 0x04;
const EXPLICIT_EXTENSIONS = 0xa3;
/** Longest chain that is walked. */
const CHAIN_LIMIT = 10;

/** How an RSA key signed. */
interface RsaScheme {
  readonly name: "RSA-PSS" | "RSASSA-PKCS1-v1_5";
  readonly hash: string;
  /** Of RSA-PSS. */
  readonly saltLength: number;
}

interface RsaCertificate {
  readonly der: Uint8Array;
  readonly tbs: Uint8Array<ArrayBuffer>;
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly notBefore: number;
  readonly notAfter: number;
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
  readonly scheme: RsaScheme;
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly extensions: readonly X509Extension[];
}

/** A chain that leads to a pinned root, or why it does not, as a clause. */
export type RsaChainJudgement = { readonly leafSpki: Uint8Array<ArrayBuffer> } | { readonly problem: string };

/**
 * Judges a chain of RSA certificates, leaf first: each signed by the next, every issuer a CA within its path length, no critical
 * extension that nobody understands, all valid now, the last one pinned by its SHA-256.
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
    if (index > 0 && !mayIssue(certificate, index - 1)) return { problem: "an issuer is no CA for such a chain" };
    if (certificate.extensions.some(({ oid, critical }) => critical && !UNDERSTOOD.has(oid)))
      return { problem: "a certificate has an unknown critical extension" };
    if (!equalBytes(certificate.issuer, issuer.subject) || !(await isSignedBy(certificate, issuer))) {
      return { problem: "a certificate was not issued by the next one" };
    }
  }
  const root = whole.at(-1)?.der ?? new Uint8Array(0);
  return rootSha256.includes(toHex(sha256(root)))
    ? { leafSpki: leaf.spki }
    : { problem: "it does not end in a root that this build knows" };
}

function mayIssue({ extensions }: RsaCertificate, authoritiesBelow: number): boolean {
  const [isCa, pathLength] = derParts(valueOf(extensions, BASIC_CONSTRAINTS), DER_TAG.sequence) ?? [];
  const limit = pathLength === undefined ? CHAIN_LIMIT : (derUnsigned(pathLength, 0xffff) ?? -1);
  const usage = valueOf(extensions, KEY_USAGE);
  const maySign = usage?.tag === DER_TAG.bitString && ((usage.content[1] ?? 0) & KEY_CERT_SIGN) !== 0;
  return derBoolean(isCa) === true && maySign && authoritiesBelow <= limit;
}

function valueOf(extensions: readonly X509Extension[], oid: string): DerNode | undefined {
  const extension = extensions.find((candidate) => candidate.oid === oid);
  const document = extension === undefined ? null : parseDer(extension.value);
  return document?.ok === true ? document.value : undefined;
}

async function isSignedBy({ tbs, signature, scheme }: RsaCertificate, issuer: RsaCertificate): Promise<boolean> {
  return await verifyRsa(issuer.spki, scheme, signature, tbs);
}

/**
 * Verifies a signature by RSASSA-PSS with SHA-256 and a salt of its length.
 *
 * @param spki - DER of SubjectPublicKeyInfo
 * @returns false as well for what is no such key or no signature
 * Source: RFC 8017, section 8.1.2.
 */
export async function verifyPssSha256(
  spki: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return await verifyRsa(spki, PSS, signature, message);
}

const PSS: RsaScheme = { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 };

async function verifyRsa(
  spki: Uint8Array<ArrayBuffer>,
  scheme: RsaScheme,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("spki", spki, scheme, false, ["verify"]);
    return await crypto.subtle.verify(scheme, key, signature, message);
  } catch {
    // WebCrypto says with exceptions what it cannot use: keys of another kind, malformed numbers.
    return false;
  }
}

function schemeOf(algorithm: DerNode | undefined): RsaScheme | null {
  if (algorithm !== undefined && toHex(algorithm.bytes) === PSS_SHA256) return PSS;
  const hash = RSA_HASHES.get(derOid(derParts(algorithm, DER_TAG.sequence)?.[0]) ?? "");
  return hash === undefined ? null : { name: "RSASSA-PKCS1-v1_5", hash, saltLength: 0 };
}

function parseCertificate(der: Uint8Array): RsaCertificate | null {
  const document = parseDer(der);
  const [tbs, algorithm, bits] = document.ok ? (derParts(document.value, DER_TAG.sequence) ?? []) : [];
  const [, , inner, issuer, validity, subject, spki, extensionsNode] = derParts(tbs, DER_TAG.sequence) ?? [];
  const scheme = schemeOf(algorithm);
  const signature = derBitStringBytes(bits);
  const times = derParts(validity, DER_TAG.sequence)?.map(({ tag, content }) => parseAsn1Time(tag, content)) ?? [];
  const [notBefore = null, notAfter = null] = times;
  const extensions = extensionsNode?.tag === EXPLICIT_EXTENSIONS ? parseExtensions(extensionsNode.children?.[0]) : [];
  if (tbs === undefined || algorithm === undefined || inner === undefined || issuer === undefined) return null;
  if (subject === undefined || spki === undefined || scheme === null || signature === null) return null;
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
    scheme,
    signature: signature.slice(),
    extensions,
  };
}
