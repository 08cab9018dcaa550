import { ed25519Engine } from "#ed25519-engine";
import { createBoundedCache } from "@mero-tee/tdx-quote/bounded-cache";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { type Result, ok } from "@mero-tee/tdx-quote/result";

import { type PeerId, peerIdFromPublicKey } from "./peer-id.ts";
import { verifyWithKey } from "./peer-signature.ts";
import { PUBLIC_KEY_PROTOBUF_BYTES, type PublicKeyError, parsePublicKeyProtobuf } from "./public-key.ts";

/** A public key that was judged, ready to verify. */
export interface PeerKey {
  readonly peerId: PeerId;
  /** As `verifyPeerSignature`. */
  readonly verify: (payload: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => Promise<boolean>;
}

/** Reads keys as `parsePublicKeyProtobuf` does, with the same errors. */
export type PeerKeyReader = (protobuf: Uint8Array) => Result<PeerKey, PublicKeyError>;

/**
 * Makes a reader that remembers good keys: what is judged and made of a key depends on nothing but its bytes, and a node
 * comes again with the same one. The key used least recently is forgotten first; refusals are never remembered.
 *
 * Throws RangeError for a limit below 1.
 */
export function createPeerKeyReader(limit: number): PeerKeyReader {
  const known = createBoundedCache<PeerKey>(limit);
  return (protobuf) => {
    // Longer bytes are refused below; until then they must not become a long text.
    const id = protobuf.length === PUBLIC_KEY_PROTOBUF_BYTES ? toHex(protobuf) : "";
    const found = known.get(id);
    if (found !== undefined) return ok(found);
    const publicKey = parsePublicKeyProtobuf(protobuf);
    if (!publicKey.ok) return publicKey;
    const imported = ed25519Engine.importKey(publicKey.value);
    const key: PeerKey = {
      peerId: peerIdFromPublicKey(publicKey.value),
      verify: (payload, signature) => verifyWithKey(imported, payload, signature),
    };
    known.set(id, key);
    return ok(key);
  };
}
