import {
  DER_TAG,
  derBitStringBytes,
  derOid,
  derParts,
  derUnsigned,
  parseDer,
  type DerNode,
} from "@mero-tee/tdx-quote/der";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { parseAsn1Time } from "@mero-tee/tdx-quote/utc-time";
import { hasDuplicates, parseExtensions, parseSerial, type X509Extension } from "@mero-tee/tdx-quote/x509-fields";
import { ecdsaHash, parsePublicKey, verifyBy, type HashName, type PublicKey } from "./public-key.ts";
import type { UnixMsWindow } from "./unix-ms.ts";

/** Largest certificate that is read, in bytes of DER. */
const CERTIFICATE_LIMIT_BYTES = 16 * 1024;
const EXPLICIT_VERSION = 0xa0;
const EXPLICIT_EXTENSIONS = 0xa3;

/** A certificate of Sigstore's authorities. **Not authenticated**: a path to a trusted root says whether to believe it. */
export interface X509Certificate {
  readonly der: Uint8Array;
  readonly tbs: DerNode;
  /** Lower-case hex, without leading zero bytes. */
  readonly serialHex: string;
  /** DER Names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  readonly validity: UnixMsWindow;
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
  /** Null for a kind that this package does not verify with. */
  readonly publicKey: PublicKey | null;
  /** Hash of the ECDSA signature over this certificate; null for another algorithm. */
  readonly signatureHash: HashName | null;
  readonly signature: Uint8Array;
  /** In file order, without duplicates. */
  readonly extensions: readonly X509Extension[];
}

/**
 * Reads one certificate: strict DER, X.509 version 3, the same signature algorithm in both places, no duplicate extension.
 * Keys and algorithms of other kinds are carried as null, for whoever uses the certificate to refuse.
 *
 * Errors: the first thing that is wrong, in words.
 * Source: RFC 5280, section 4.1; Sigstore, Fulcio certificate specification.
 */
export function parseX509Certificate(der: Uint8Array): Result<X509Certificate, { readonly reason: string }> {
  if (der.length > CERTIFICATE_LIMIT_BYTES) return err({ reason: "longer than 16 KiB" });
  const document = parseDer(der);
  if (!document.ok) return document;
  const [tbs, algorithm, signatureBits, ...extra] = derParts(document.value, DER_TAG.sequence) ?? [];
  const signature = derBitStringBytes(signatureBits);
  if (tbs === undefined || algorithm === undefined || signature === null || extra.length > 0) {
    return err({ reason: "not a signed structure" });
  }
  const [version, serial, inner, issuer, validityNode, subject, spki, extensionsNode, ...rest] =
    derParts(tbs, DER_TAG.sequence) ?? [];
  if (version?.tag !== EXPLICIT_VERSION || derUnsigned(onlyPart(version), 2) !== 2)
    return err({ reason: "not version 3" });
  const serialHex = parseSerial(serial);
  if (serialHex === null) return err({ reason: "serial number is not a positive INTEGER of up to 20 bytes" });
  if (inner === undefined || !isSame(inner.bytes, algorithm.bytes)) return err({ reason: "two signature algorithms" });
  if (issuer?.tag !== DER_TAG.sequence || subject?.tag !== DER_TAG.sequence) return err({ reason: "malformed name" });
  const validity = parseValidity(validityNode);
  if (validity === null) return err({ reason: "malformed validity" });
  if (spki?.tag !== DER_TAG.sequence) return err({ reason: "malformed public key" });
  const extensions = extensionsNode?.tag === EXPLICIT_EXTENSIONS ? parseExtensions(onlyPart(extensionsNode)) : null;
  if (extensions === null || rest.length > 0) return err({ reason: "malformed extensions" });
  if (hasDuplicates(extensions)) return err({ reason: "duplicate extension" });
  return ok({
    der,
    tbs,
    serialHex,
    issuer: issuer.bytes,
    subject: subject.bytes,
    validity,
    spki: spki.bytes,
    publicKey: parsePublicKey(spki.bytes),
    signatureHash: ecdsaHash(algorithm),
    signature,
    extensions,
  });
}

/** Whether the key of `issuer` made the signature over `certificate`. */
export async function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): Promise<boolean> {
  const { signatureHash, signature, tbs } = certificate;
  if (signatureHash === null || issuer.publicKey?.kind === "Ed25519") return false;
  return (
    isSame(certificate.issuer, issuer.subject) &&
    (await verifyBy(issuer.publicKey, signatureHash, signature, tbs.bytes))
  );
}

/** The content of an extension as one DER value; null without the extension or with other bytes in it. */
export function decodedExtension({ extensions }: X509Certificate, oid: string): DerNode | null {
  const extension = extensions.find((candidate) => candidate.oid === oid);
  const document = extension === undefined ? undefined : parseDer(extension.value);
  return document?.ok === true ? document.value : null;
}

/** Certificates are public, so the comparison may end at the first difference. */
export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

/** The OIDs of a SEQUENCE OF OBJECT IDENTIFIER; null for anything else. */
export function oidList(node: DerNode | null): readonly string[] | null {
  const oids = derParts(node ?? undefined, DER_TAG.sequence)?.map(derOid) ?? null;
  return oids === null || oids.length === 0 || oids.includes(null) ? null : oids.filter((oid) => oid !== null);
}

/** The single value inside an explicit tag. */
function onlyPart(node: DerNode): DerNode | undefined {
  return node.children?.length === 1 ? node.children[0] : undefined;
}

function parseValidity(node: DerNode | undefined): UnixMsWindow | null {
  const times = derParts(node, DER_TAG.sequence)?.map(({ tag, content }) => parseAsn1Time(tag, content));
  const [notBefore = null, notAfter = null, ...rest] = times ?? [];
  return notBefore === null || notAfter === null || rest.length > 0
    ? null
    : { fromMs: notBefore * 1000, toMs: notAfter * 1000 };
}
