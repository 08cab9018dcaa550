import { type Brand, type Result, err, ok } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@mero-tee/tdx-quote/sha2";
import { base58 } from "@scure/base";

import { PUBLIC_KEY_PROTOBUF_BYTES, encodePublicKeyProtobuf } from "./public-key.ts";

/** A peer id of an Ed25519 key: 52 base58btc characters that begin with `12D3KooW`. Its key may still be no curve point. */
export type PeerId = Brand<string, "PeerId">;

/** Text that is not the peer id of an Ed25519 key. */
export interface PeerIdError {
  readonly code: "peer-id-malformed";
  readonly defect: "length" | "alphabet" | "encoding";
}

/** Characters of every Ed25519 peer id. */
const PEER_ID_CHARACTERS = 52;

/** Identity multihash (`00`, length) and the head of the protobuf that it holds; the 32 key bytes follow. */
const PEER_ID_PREFIX: readonly number[] = [0x00, PUBLIC_KEY_PROTOBUF_BYTES, 0x08, 0x01, 0x12, 0x20];

/**
 * Reads the text form of a peer id: no trimming, no CID form, full decoding. Only Ed25519 ids exist here; ids of longer
 * keys are SHA-256 multihashes and are refused.
 *
 * Errors: `peer-id-malformed`.
 * Source: libp2p peer id specification, string representation; docs/protocol.md.
 */
export function parsePeerId(text: string): Result<PeerId, PeerIdError> {
  // Before decoding: base58 is quadratic in the length of its input.
  if (text.length !== PEER_ID_CHARACTERS) return err({ code: "peer-id-malformed", defect: "length" });
  if (!/^[1-9A-HJ-NP-Za-km-z]+$/.test(text)) return err({ code: "peer-id-malformed", defect: "alphabet" });
  const bytes = base58.decode(text);
  if (bytes.length !== PEER_ID_PREFIX.length + 32 || PEER_ID_PREFIX.some((byte, index) => bytes[index] !== byte)) {
    return err({ code: "peer-id-malformed", defect: "encoding" });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fully decoded above
  return ok(text as PeerId);
}

/**
 * The peer id of an Ed25519 public key.
 *
 * @param key - 32 bytes; other lengths are a programming error (RangeError)
 * Source: libp2p peer id specification: keys whose encoding has at most 42 bytes use the identity multihash.
 */
export function peerIdFromPublicKey(key: Uint8Array): PeerId {
  const protobuf = encodePublicKeyProtobuf(key);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made of the one accepted encoding
  return base58.encode(Uint8Array.from([0x00, protobuf.length, ...protobuf])) as PeerId;
}

/**
 * SHA-256 of the text of a peer id, 32 bytes: what a node's quote commits to.
 *
 * Source: docs/protocol.md.
 */
export function peerIdHash(peerId: PeerId): Uint8Array<ArrayBuffer> {
  return new Uint8Array(sha256(new TextEncoder().encode(peerId)));
}
