import { type Brand, type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { ED25519_POINT_BYTES, type Ed25519PointDefect, ed25519PointDefect } from "./ed25519-point.ts";

/** An Ed25519 public key, 32 bytes: canonical, on the curve, not of small order. A copy; callers must not write to it. */
export type Ed25519PublicKey = Brand<Uint8Array<ArrayBuffer>, "Ed25519PublicKey">;

/** Why bytes are not an acceptable public key. */
export interface PublicKeyError {
  readonly code: "public-key-malformed";
  /** `protobuf`: not the one accepted encoding; `length`: not 32 key bytes; otherwise the point is at fault. */
  readonly defect: "protobuf" | "length" | Ed25519PointDefect;
}

/** libp2p `PublicKey` message of an Ed25519 key up to the key: field 1 varint 1 (Ed25519), field 2 of 32 bytes. */
const PROTOBUF_PREFIX: readonly number[] = [0x08, 0x01, 0x12, ED25519_POINT_BYTES];

/** Length of the one accepted protobuf encoding, in bytes. */
export const PUBLIC_KEY_PROTOBUF_BYTES: number = PROTOBUF_PREFIX.length + ED25519_POINT_BYTES;

/**
 * Reads a raw Ed25519 public key.
 *
 * @param key - 32 bytes, copied
 * Errors: `public-key-malformed`.
 * Source: RFC 8032, section 5.1.3.
 */
export function parsePublicKey(key: Uint8Array): Result<Ed25519PublicKey, PublicKeyError> {
  if (key.length !== ED25519_POINT_BYTES) return err({ code: "public-key-malformed", defect: "length" });
  const defect = ed25519PointDefect(key);
  if (defect !== null) return err({ code: "public-key-malformed", defect });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand says that the point was judged
  return ok(new Uint8Array(key) as Ed25519PublicKey);
}

/**
 * Reads a libp2p protobuf public key: exactly the 36 bytes `08 01 12 20` and an Ed25519 key. Other key types, swapped or
 * additional fields and long varints are refused, although a protobuf reader would take them: no node sends them, and
 * one key must have one encoding.
 *
 * @param bytes - of any length
 * Errors: `public-key-malformed`.
 * Source: libp2p peer id specification, key encoding; docs/protocol.md.
 */
export function parsePublicKeyProtobuf(bytes: Uint8Array): Result<Ed25519PublicKey, PublicKeyError> {
  if (bytes.length !== PUBLIC_KEY_PROTOBUF_BYTES || PROTOBUF_PREFIX.some((byte, index) => bytes[index] !== byte)) {
    return err({ code: "public-key-malformed", defect: "protobuf" });
  }
  return parsePublicKey(bytes.subarray(PROTOBUF_PREFIX.length));
}

/**
 * Encodes an Ed25519 public key as libp2p protobuf, 36 bytes.
 *
 * @param key - 32 bytes; other lengths are a programming error (RangeError)
 * Source: libp2p peer id specification, key encoding.
 */
export function encodePublicKeyProtobuf(key: Uint8Array): Uint8Array<ArrayBuffer> {
  if (key.length !== ED25519_POINT_BYTES) throw new RangeError("an Ed25519 public key has 32 bytes");
  return Uint8Array.from([...PROTOBUF_PREFIX, ...key]);
}
