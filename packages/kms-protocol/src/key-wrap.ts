import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import type { Brand } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@mero-tee/tdx-quote/sha2";

import { CHALLENGE_ID_BYTES } from "./challenge-id.ts";
import { type PeerId, peerIdHash } from "./peer-id.ts";
import { NONCE_BYTES, RELEASE_LABEL, REPORT_DATA_BYTES, reportDataOf } from "./report-data.ts";

/** The X25519 public key that a storage key is sealed to, 32 bytes. It may still be a point of low order. */
export type WrapKey = Brand<Uint8Array<ArrayBuffer>, "WrapKey">;

/** Length of an X25519 public key in bytes. Source: RFC 7748, section 6.1. */
const WRAP_KEY_BYTES = 32;

/** A storage key on its way: only the holder of the wrap key's private half reads it. Nothing in it is secret. */
export interface SealedKey {
  /** Encapsulated key, 32 bytes. */
  readonly enc: Uint8Array<ArrayBuffer>;
  /** 32 bytes of key and 16 of tag, encrypted. */
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

/** Length of an encapsulated key in bytes. Source: RFC 9180, section 7.1, DHKEM(X25519, HKDF-SHA256). */
export const SEALED_ENC_BYTES = 32;

/** Length of a sealed storage key in bytes: 32 and a tag of 16. Source: RFC 9180, section 7.3, AES-256-GCM. */
export const SEALED_CIPHERTEXT_BYTES = 48;

/** What one wrapped release is about. */
export interface WrapFacts {
  /** The decoded id, 16 bytes: `AB` and `ab` are one challenge. */
  readonly challengeId: Uint8Array;
  /** Challenge nonce, 32 bytes. */
  readonly nonce: Uint8Array;
  readonly peerId: PeerId;
  /** The node's quote, decoded. */
  readonly quote: Uint8Array;
  readonly wrapKey: WrapKey;
}

const utf8 = new TextEncoder();
const ZERO = new Uint8Array(1);

/** What half of the node's report data begins with, 16 bytes, and what its hash is about. */
const WRAP_LABEL = utf8.encode("mero-kms-wrap-v1");

/** What the transcript of a wrapped release begins with. */
const TRANSCRIPT_LABEL = utf8.encode("mero-kms/key-wrap/v1");

/** How much of the hash over peer and wrap key the node's report data has room for, in bytes. */
const WRAP_HASH_BYTES = 16;

/**
 * Reads a wrap key as it stands in a request.
 *
 * @returns null for anything but canonical base64 of 32 bytes
 * Source: docs/protocol.md.
 */
export function parseWrapKey(text: string): WrapKey | null {
  const bytes = parseBase64(text);
  return bytes?.length === WRAP_KEY_BYTES ? wrapKeyOf(bytes) : null;
}

/**
 * Takes the bytes of a public key for a wrap key.
 *
 * @param bytes - 32 bytes; other lengths are a programming error (RangeError)
 */
export function wrapKeyOf(bytes: Uint8Array<ArrayBuffer>): WrapKey {
  if (bytes.length !== WRAP_KEY_BYTES) throw new RangeError("an X25519 public key has 32 bytes");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the length was checked above
  return bytes as WrapKey;
}

/**
 * The second half of the report data with which a node asks for a sealed key, 32 bytes: a label, then half a hash over
 * its peer id and the key to seal to. The label keeps this form apart from a plain hash of 32 bytes, which others can
 * make a node quote; the 16 bytes of hash need only withstand second preimages of an honest node's key.
 *
 * Source: docs/protocol.md.
 */
export function wrapBinding(peerId: PeerId, wrapKey: WrapKey): Uint8Array<ArrayBuffer> {
  const hash = sha256(WRAP_LABEL, ZERO, peerIdHash(peerId), wrapKey);
  return joined(WRAP_LABEL, hash.subarray(0, WRAP_HASH_BYTES));
}

/**
 * Report data of the quote with which a node asks for its key sealed: challenge nonce, then {@link wrapBinding}.
 *
 * @param nonce - 32 bytes; other lengths are a programming error (RangeError)
 * Source: docs/protocol.md.
 */
export function nodeWrapReportData(nonce: Uint8Array, peerId: PeerId, wrapKey: WrapKey): Uint8Array<ArrayBuffer> {
  return reportDataOf(nonce, wrapBinding(peerId, wrapKey));
}

/**
 * The transcript of a wrapped release, 32 bytes: challenge, peer, the node's quote and its wrap key under one hash. Both
 * sides compute it from what they hold themselves. Every part has a fixed length, so no two releases share one.
 *
 * Throws RangeError for a challenge id or nonce of another length: a programming error.
 * Source: docs/protocol.md.
 */
export function wrapTranscript(facts: WrapFacts): Uint8Array<ArrayBuffer> {
  const { challengeId, nonce, peerId, quote, wrapKey } = facts;
  if (challengeId.length !== CHALLENGE_ID_BYTES || nonce.length !== NONCE_BYTES) {
    throw new RangeError("a transcript holds a challenge id of 16 bytes and a nonce of 32");
  }
  const parts = [TRANSCRIPT_LABEL, ZERO, challengeId, nonce, peerIdHash(peerId), sha256(quote), wrapKey];
  return new Uint8Array(sha256(...parts));
}

/**
 * Report data of the quote with which a KMS vouches for a sealed key: a hash over transcript, encapsulated key and
 * ciphertext, then a label that no caller of `/attest` can obtain, then zeros. Anyone can seal to a public key; only this
 * quote says that a KMS did.
 *
 * Source: docs/protocol.md.
 */
export function releaseReportData(transcript: Uint8Array, sealed: SealedKey): Uint8Array<ArrayBuffer> {
  const hash = sha256(RELEASE_LABEL, ZERO, transcript, sealed.enc, sealed.ciphertext);
  const reportData = new Uint8Array(REPORT_DATA_BYTES);
  reportData.set(hash);
  reportData.set(RELEASE_LABEL, hash.length);
  return reportData;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
