import type { P256Verifier } from "./p256.ts";

/**
 * Whether a certificate or a CRL carries a signature by an issuer's key; false when that key is of an unsupported kind.
 * May be called early, without awaiting, to have the check run beside others: the verifier remembers it.
 */
export async function isSignedBy(
  document: { readonly tbs: Uint8Array; readonly signature: Uint8Array },
  issuer: { readonly publicKey: Uint8Array | null },
  verifier: P256Verifier,
): Promise<boolean> {
  return issuer.publicKey !== null && verifier.verify(issuer.publicKey, document.signature, document.tbs);
}
