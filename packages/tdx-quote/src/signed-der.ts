import { DER_TAG, derBitStringBytes, derOid, derParts, derUnsignedBytes, parseDer, type DerNode } from "./der.ts";
import { err, ok, type Result } from "./result.ts";

const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const SCALAR_BYTES = 32;

/** The two parts of a certificate or a CRL: what was signed, and the signature. **Not verified yet.** */
export interface SignedDer {
  readonly tbs: DerNode;
  /** `r || s`, 64 bytes, see {@link parseEcdsaSignature}. */
  readonly signature: Uint8Array;
}

/**
 * Reads `SEQUENCE { toBeSigned SEQUENCE, ecdsa-with-SHA256, BIT STRING }`, the outer shape of certificates and CRLs.
 *
 * Errors: what the bytes are not.
 * Source: RFC 5280, sections 4.1 and 5.1.
 */
export function parseSignedDer(der: Uint8Array): Result<SignedDer, { readonly reason: string }> {
  const document = parseDer(der);
  if (!document.ok) return document;
  const [tbs, algorithm, signatureBits, ...rest] = derParts(document.value, DER_TAG.sequence) ?? [];
  if (tbs?.tag !== DER_TAG.sequence || rest.length > 0) return err({ reason: "not a signed structure" });
  if (!isEcdsaWithSha256(algorithm)) return err({ reason: "signature algorithm other than ecdsa-with-SHA256" });
  const signature = parseEcdsaSignature(derBitStringBytes(signatureBits));
  return signature === null ? err({ reason: "signature is not strict DER" }) : ok({ tbs, signature });
}

/** Whether an AlgorithmIdentifier is ecdsa-with-SHA256, which has no parameters. Source: RFC 5758, section 3.2. */
export function isEcdsaWithSha256(node: DerNode | undefined): boolean {
  const parts = derParts(node, DER_TAG.sequence);
  return parts?.length === 1 && derOid(parts[0]) === ECDSA_WITH_SHA256;
}

/**
 * Reads `SEQUENCE { r INTEGER, s INTEGER }` as the 64 bytes `r || s` that WebCrypto takes.
 *
 * A value that is well encoded but is no scalar of P-256 makes the signature wrong, not the document malformed: one that
 * 32 bytes cannot carry (negative or longer) becomes zero, which never verifies, just as itself.
 *
 * @returns null when the bytes are not strict DER of this shape
 * Source: RFC 3279, section 2.2.3.
 */
function parseEcdsaSignature(der: Uint8Array | null): Uint8Array | null {
  const document = der === null ? null : parseDer(der);
  if (document === null || !document.ok) return null;
  const scalars = derParts(document.value, DER_TAG.sequence);
  if (scalars?.length !== 2) return null;
  const signature = new Uint8Array(2 * SCALAR_BYTES);
  for (const [index, scalar] of scalars.entries()) {
    if (scalar.tag !== DER_TAG.integer) return null;
    const magnitude = derUnsignedBytes(scalar);
    if (magnitude === null || magnitude.length > SCALAR_BYTES) continue;
    signature.set(magnitude, (index + 1) * SCALAR_BYTES - magnitude.length);
  }
  return signature;
}
