import { ed25519Engine } from "#ed25519-engine";
import type { Ed25519Key } from "./ed25519-engine.ts";
import type { Ed25519PublicKey } from "./public-key.ts";

/** Length of an Ed25519 signature in bytes. Source: RFC 8032, section 5.1.6. */
export const ED25519_SIGNATURE_BYTES = 64;

/** Order of the base point, 2^252 + 27742317777372353535851937790883648493. Source: RFC 8032, section 5.1. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/**
 * Verifies an Ed25519 signature by a peer's key over the exact payload bytes (no pre-hash, no context).
 *
 * The key has been judged by its parser, and S must be below the group order, so that nobody can change a signature
 * into a second valid one. The equation itself is the run time's: in Node it is OpenSSL's, which is cofactorless and
 * compares R as bytes, as `ed25519-dalek` in the nodes does.
 *
 * @param signature - 64 bytes `R ‖ S`; any other length is false
 * Source: RFC 8032, section 5.1.7; docs/protocol.md.
 */
export async function verifyPeerSignature(
  publicKey: Ed25519PublicKey,
  payload: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return verifyWithKey(ed25519Engine.importKey(publicKey), payload, signature);
}

/** As {@link verifyPeerSignature}, by a key that was judged and imported before. */
export async function verifyWithKey(
  key: Ed25519Key,
  payload: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  if (signature.length !== ED25519_SIGNATURE_BYTES || scalar(signature) >= GROUP_ORDER) return false;
  return key.verify(payload, signature);
}

/** S of a signature, which is little-endian. */
function scalar({ buffer, byteOffset, byteLength }: Uint8Array): bigint {
  const words = new DataView(buffer, byteOffset, byteLength);
  let value = 0n;
  for (const offset of [56, 48, 40, 32]) value = (value << 64n) | words.getBigUint64(offset, true);
  return value;
}
