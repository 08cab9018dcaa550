import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256Hex } from "@mero-tee/tdx-quote/sha2";

import type { PeerId } from "./peer-id.ts";

/** What a node signs when it asks for its key. */
export interface SignedFacts {
  /** As sent by the client, letter case included. */
  readonly challengeId: string;
  /** Challenge nonce, 32 bytes. */
  readonly nonce: Uint8Array;
  /** The decoded quote of the request. */
  readonly quote: Uint8Array;
  readonly peerId: PeerId;
}

/**
 * The bytes that a node signs and that the KMS rebuilds: compact JSON with its members in exactly this order. Nodes make
 * it with a serialiser that keeps insertion order, so no other order verifies, and none is accepted.
 *
 * Source: docs/protocol.md.
 */
export function signedPayload(facts: SignedFacts): Uint8Array<ArrayBuffer> {
  const text = JSON.stringify({
    challengeId: facts.challengeId,
    challengeNonceHex: toHex(facts.nonce),
    quoteHashHex: sha256Hex(facts.quote),
    peerId: facts.peerId,
  });
  return new TextEncoder().encode(text);
}
