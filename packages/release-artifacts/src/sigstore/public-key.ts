import { DER_TAG, derBitStringBytes, derOid, derParts, derUnsignedBytes, parseDer } from "@mero-tee/tdx-quote/der";

const ID_EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const ID_ED25519 = "1.3.101.112";

/** Curves by OID, with the bytes of one coordinate. Source: RFC 5480, section 2.1.1. */
const CURVES: ReadonlyMap<string, { readonly name: "P-256" | "P-384" | "P-521"; readonly coordinateBytes: number }> =
  new Map([
    ["1.2.840.10045.3.1.7", { name: "P-256", coordinateBytes: 32 }],
    ["1.3.132.0.34", { name: "P-384", coordinateBytes: 48 }],
    ["1.3.132.0.35", { name: "P-521", coordinateBytes: 66 }],
  ]);

/** Signature algorithms with ECDSA by OID. Source: RFC 5758, section 3.2. */
const ECDSA_HASHES: ReadonlyMap<string, HashName> = new Map([
  ["1.2.840.10045.4.3.2", "SHA-256"],
  ["1.2.840.10045.4.3.3", "SHA-384"],
  ["1.2.840.10045.4.3.4", "SHA-512"],
]);

/** A hash as WebCrypto names it. */
export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

/** A public key of a kind that this package verifies with. */
export interface PublicKey {
  readonly kind: "P-256" | "P-384" | "P-521" | "Ed25519";
  /** DER of SubjectPublicKeyInfo. */
  readonly spki: Uint8Array<ArrayBuffer>;
}

/**
 * Reads a SubjectPublicKeyInfo: uncompressed points of P-256, P-384 and P-521, and Ed25519.
 *
 * @returns null for every other kind of key, so that a list of keys may hold some that this build cannot use
 * Source: RFC 5480, section 2; RFC 8410, section 4.
 */
export function parsePublicKey(der: Uint8Array): PublicKey | null {
  const document = parseDer(der);
  const parts = document.ok ? derParts(document.value, DER_TAG.sequence) : null;
  const [algorithm, bits] = parts ?? [];
  const [type, curveOid, ...others] = derParts(algorithm, DER_TAG.sequence) ?? [];
  const key = derBitStringBytes(bits);
  if (parts?.length !== 2 || key === null || others.length > 0) return null;
  const spki = der.slice();
  if (derOid(type) === ID_ED25519)
    return curveOid === undefined && key.length === 32 ? { kind: "Ed25519", spki } : null;
  const curve = derOid(type) === ID_EC_PUBLIC_KEY ? CURVES.get(derOid(curveOid) ?? "") : undefined;
  const isPoint = curve !== undefined && key.length === 1 + 2 * curve.coordinateBytes && key[0] === 0x04;
  return isPoint ? { kind: curve.name, spki } : null;
}

/** The hash of an AlgorithmIdentifier of ECDSA, which has no parameters; null for every other algorithm. */
export function ecdsaHash(node: Parameters<typeof derParts>[0]): HashName | null {
  const parts = derParts(node, DER_TAG.sequence);
  return parts?.length === 1 ? (ECDSA_HASHES.get(derOid(parts[0]) ?? "") ?? null) : null;
}

/**
 * Verifies a signature: ECDSA in DER over a hash of the message, or Ed25519 over the message itself.
 *
 * @param key - null, for a kind that this package does not verify with, verifies nothing
 * @param hash - for ECDSA; Ed25519 has its own
 * @returns false as well for what is no signature, for a point off its curve, and where the run time lacks the algorithm
 * Source: FIPS 186-5, section 6.4.2; RFC 8032, section 5.1.7; RFC 3279, section 2.2.3.
 */
export async function verifyBy(
  key: PublicKey | null,
  hash: HashName,
  signature: Uint8Array,
  message: Uint8Array,
): Promise<boolean> {
  if (key === null) return false;
  const isEd25519 = key.kind === "Ed25519";
  const raw = isEd25519 ? signature.slice() : rawEcdsaSignature(signature, coordinateBytes(key.kind));
  if (raw === null) return false;
  const algorithm = isEd25519 ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: key.kind, hash };
  try {
    const imported = await crypto.subtle.importKey("spki", key.spki, algorithm, false, ["verify"]);
    return await crypto.subtle.verify(algorithm, imported, raw, message.slice());
  } catch {
    // WebCrypto says with exceptions what it cannot use: keys off the curve, scalars out of range, missing algorithms.
    return false;
  }
}

function coordinateBytes(curve: string): number {
  return [...CURVES.values()].find(({ name }) => name === curve)?.coordinateBytes ?? 0;
}

/** `r || s` of a DER `SEQUENCE { r INTEGER, s INTEGER }`; null unless both are positive and fit. */
function rawEcdsaSignature(der: Uint8Array, scalarBytes: number): Uint8Array<ArrayBuffer> | null {
  const document = parseDer(der);
  const scalars = document.ok ? derParts(document.value, DER_TAG.sequence) : null;
  if (scalars?.length !== 2) return null;
  const raw = new Uint8Array(2 * scalarBytes);
  for (const [index, scalar] of scalars.entries()) {
    const magnitude = derUnsignedBytes(scalar);
    if (magnitude === null || magnitude.length > scalarBytes) return null;
    raw.set(magnitude, (index + 1) * scalarBytes - magnitude.length);
  }
  return raw;
}
