import {
  DER_TAG,
  derOctetString,
  derOid,
  derParts,
  derUnsigned,
  parseDer,
  type DerNode,
} from "@mero-tee/tdx-quote/der";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { parseAsn1Time } from "@mero-tee/tdx-quote/utc-time";
import { parseSerial } from "@mero-tee/tdx-quote/x509-fields";
import { ecdsaHash, type HashName } from "./public-key.ts";
import { milliseconds } from "./unix-ms.ts";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";

const CONTEXT_0 = 0xa0;
const GENERALIZED_TIME = 0x18;
const SMALL = 127;
/** A signer names its certificate by its issuer's name, which alone lies 19 levels deep in a response. */
const MAX_DEPTH = 24;

/** Source: RFC 5754, section 2. */
const HASHES: ReadonlyMap<string, HashName> = new Map([
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);

/** A hash with its algorithm. */
export interface NamedHash {
  readonly hash: HashName;
  readonly value: Uint8Array;
}

/** A timestamp of an authority. **Not verified yet.** */
export interface TimestampToken {
  /** What was stamped. */
  readonly imprint: NamedHash;
  /** Unix milliseconds. */
  readonly timeMs: number;
  /** DER of TSTInfo, which the signed attributes hash. */
  readonly info: Uint8Array;
  /** The hash of `info` that is signed. */
  readonly infoDigest: NamedHash;
  /** DER Name and serial of the signer's certificate. */
  readonly signerIssuer: Uint8Array;
  readonly signerSerialHex: string;
  /** Hash of the signer's certificate, where the token says it. */
  readonly signerCertificate: NamedHash | null;
  /** The bytes that the signature is over. */
  readonly signedAttributes: Uint8Array;
  readonly signatureHash: HashName;
  readonly signature: Uint8Array;
}

/**
 * Reads a timestamp response: granted, CMS SignedData over a TSTInfo, exactly one signer with signed attributes, ECDSA.
 * Certificates in the token are passed over: the trusted root has the one to believe.
 *
 * Errors: what is missing or malformed, in words.
 * Source: RFC 3161, section 2.4.2; RFC 5652, section 5; RFC 5816.
 */
export function parseTimestampResponse(der: Uint8Array): Result<TimestampToken, { readonly reason: string }> {
  const document = parseDer(der, MAX_DEPTH);
  if (!document.ok) return document;
  const [status, contentInfo, ...rest] = derParts(document.value, DER_TAG.sequence) ?? [];
  const granted = derUnsigned(derParts(status, DER_TAG.sequence)?.[0], SMALL);
  if (granted !== 0 && granted !== 1) return err({ reason: "it was not granted" });
  const [type, explicit] = derParts(contentInfo, DER_TAG.sequence) ?? [];
  if (rest.length > 0 || derOid(type) !== SIGNED_DATA) return err({ reason: "it holds no SignedData" });
  const [, , encapsulated, ...tail] = derParts(onlyPart(explicit, CONTEXT_0), DER_TAG.sequence) ?? [];
  const [contentType, contentNode, ...others] = derParts(encapsulated, DER_TAG.sequence) ?? [];
  const info = derOctetString(onlyPart(contentNode, CONTEXT_0));
  if (derOid(contentType) !== TST_INFO || info === null || others.length > 0)
    return err({ reason: "it holds no TSTInfo" });
  const signers = derParts(tail.at(-1), DER_TAG.set);
  const signer = signers?.length === 1 ? parseSignerInfo(signers[0]) : null;
  if (signer === null) return err({ reason: "it does not have exactly one signer of the expected form" });
  const stamped = parseTstInfo(info);
  return stamped === null ? err({ reason: "malformed TSTInfo" }) : ok({ ...stamped, info, ...signer });
}

function parseTstInfo(der: Uint8Array): Pick<TimestampToken, "imprint" | "timeMs"> | null {
  const document = parseDer(der);
  const parts = document.ok ? derParts(document.value, DER_TAG.sequence) : null;
  const [version, policy, imprintNode, serial, genTime] = parts ?? [];
  if (derUnsigned(version, 1) !== 1 || derOid(policy) === null || serial?.tag !== DER_TAG.integer) return null;
  const [algorithm, hashed, ...rest] = derParts(imprintNode, DER_TAG.sequence) ?? [];
  const hash = hashOf(algorithm);
  const value = derOctetString(hashed);
  const timeMs = genTime === undefined ? null : parseGenTime(genTime);
  if (hash === null || value === null || timeMs === null || rest.length > 0) return null;
  return { imprint: { hash, value }, timeMs };
}

/** GeneralizedTime in UTC with or without a fraction, which does not end in zero. Source: RFC 3161, section 2.4.2. */
function parseGenTime({ tag, content }: DerNode): number | null {
  if (tag !== GENERALIZED_TIME) return null;
  const [, whole = "", fraction = ""] = /^(\d{14})(?:\.(\d{0,8}[1-9]))?Z$/.exec(String.fromCharCode(...content)) ?? [];
  const seconds = parseAsn1Time(GENERALIZED_TIME, new TextEncoder().encode(`${whole}Z`));
  return seconds === null ? null : seconds * 1000 + milliseconds(fraction);
}

type Signer = Omit<TimestampToken, "imprint" | "timeMs" | "info">;

function parseSignerInfo(node: DerNode | undefined): Signer | null {
  const [version, sid, digestAlgorithm, attributesNode, signatureAlgorithm, signatureNode] =
    derParts(node, DER_TAG.sequence) ?? [];
  const [issuer, serial, ...rest] = derParts(sid, DER_TAG.sequence) ?? [];
  const signerSerialHex = parseSerial(serial);
  const digestHash = hashOf(digestAlgorithm);
  const signatureHash = ecdsaHash(signatureAlgorithm);
  const signature = derOctetString(signatureNode);
  const attributes = readAttributes(attributesNode);
  if (derUnsigned(version, SMALL) !== 1 || issuer === undefined || signerSerialHex === null || rest.length > 0)
    return null;
  if (digestHash === null || signatureHash === null || signature === null) return null;
  if (attributesNode === undefined || attributes === null) return null;
  const infoDigest = derOctetString(attributes.get(MESSAGE_DIGEST));
  if (derOid(attributes.get(CONTENT_TYPE)) !== TST_INFO || infoDigest === null) return null;
  const certificateNode = attributes.get(SIGNING_CERTIFICATE_V2);
  const signerCertificate = certificateNode === undefined ? null : parseSigningCertificate(certificateNode);
  if (signerCertificate === undefined) return null;
  // Signed is the SET that the implicit tag stands for. Source: RFC 5652, section 5.4.
  const signedAttributes = attributesNode.bytes.slice();
  signedAttributes[0] = DER_TAG.set;
  return {
    infoDigest: { hash: digestHash, value: infoDigest },
    signerIssuer: issuer.bytes,
    signerSerialHex,
    signerCertificate,
    signedAttributes,
    signatureHash,
    signature,
  };
}

/** The single value of each signed attribute by its type; null when one has another shape or comes twice. */
function readAttributes(node: DerNode | undefined): ReadonlyMap<string, DerNode> | null {
  if (node?.tag !== CONTEXT_0) return null;
  const attributes = new Map<string, DerNode>();
  for (const attribute of node.elements()) {
    const [type, values, ...rest] = derParts(attribute, DER_TAG.sequence) ?? [];
    const oid = derOid(type);
    const [value, ...more] = derParts(values, DER_TAG.set) ?? [];
    if (oid === null || value === undefined || rest.length > 0 || more.length > 0 || attributes.has(oid)) return null;
    attributes.set(oid, value);
  }
  return attributes;
}

/**
 * The first certificate of a SigningCertificateV2, which is the signer's; undefined for another shape.
 * Source: RFC 5035, section 3.
 */
function parseSigningCertificate(node: DerNode): NamedHash | undefined {
  const [certificates] = derParts(node, DER_TAG.sequence) ?? [];
  const [first] = derParts(certificates, DER_TAG.sequence) ?? [];
  const parts = derParts(first, DER_TAG.sequence) ?? [];
  const named = parts[0]?.tag === DER_TAG.sequence ? hashOf(parts[0]) : "SHA-256";
  const value = derOctetString(parts[0]?.tag === DER_TAG.sequence ? parts[1] : parts[0]);
  return named === null || value === null ? undefined : { hash: named, value };
}

/** The hash that an AlgorithmIdentifier names, without parameters or with NULL; null for any other. */
function hashOf(node: DerNode | undefined): HashName | null {
  const [oid, parameters, ...rest] = derParts(node, DER_TAG.sequence) ?? [];
  if (rest.length > 0 || (parameters !== undefined && parameters.tag !== DER_TAG.null)) return null;
  return HASHES.get(derOid(oid) ?? "") ?? null;
}

/** The single value inside an explicit tag. */
function onlyPart(node: DerNode | undefined, tag: number): DerNode | undefined {
  return node?.tag === tag && node.children?.length === 1 ? node.children[0] : undefined;
}
