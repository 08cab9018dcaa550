import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { CHALLENGE_ID_BYTES, type PeerId } from "@mero-tee/kms-protocol";

/** Random bytes that one id needs. */
export const CHALLENGE_RANDOM_BYTES = 8;

// Layout of an id: expiry 0..4, random 4..12, MAC 12..16.
const EXPIRY_BYTES = 4;
const MAC_OFFSET = EXPIRY_BYTES + CHALLENGE_RANDOM_BYTES;
const LABEL = "mero-kms/challenge/v2\0";
const NONCE_BYTES = 32;

/** The secret that challenges are made and recognised with. It prints and serialises as an empty object. */
export type ChallengeKey = KeyObject;

/**
 * Makes a challenge key. Given bytes in place of this, each MAC would first find out by two exceptions that they are no
 * key object, which costs several times the MAC.
 *
 * @param bytes - 32 secret bytes; taken over and overwritten
 */
export function takeChallengeKey(bytes: Uint8Array): ChallengeKey {
  const key = createSecretKey(bytes);
  bytes.fill(0);
  return key;
}

/** An id, and the nonce that belongs to it. */
export interface MintedChallenge {
  readonly id: Uint8Array<ArrayBuffer>;
  /** 32 bytes; computed anew instead of stored. */
  readonly nonce: Uint8Array<ArrayBuffer>;
}

/**
 * Makes a challenge id that carries its own expiry and proves by its MAC that the holder of `key` issued it to this
 * peer: nothing has to be stored until it is spent, so no number of requests can crowd out another peer's challenge.
 *
 * @param expiresAt - Unix seconds
 * @param random - 8 fresh random bytes; six of their bits give way to the version and variant of a UUID v4
 */
export function mintChallenge(
  key: ChallengeKey,
  peerId: PeerId,
  expiresAt: number,
  random: Uint8Array,
): MintedChallenge {
  const id = new Uint8Array(CHALLENGE_ID_BYTES);
  const view = new DataView(id.buffer);
  view.setUint32(0, expiresAt);
  id.set(random, EXPIRY_BYTES);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x40);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  const { mac, nonce } = secretsOf(key, id, peerId);
  id.set(mac, MAC_OFFSET);
  return { id, nonce };
}

/** The nonce of an id that the holder of `key` issued to this peer; null for every other id. Constant time in the MAC. */
export function nonceOfIssued(key: ChallengeKey, id: Uint8Array, peerId: PeerId): Uint8Array<ArrayBuffer> | null {
  const { mac, nonce } = secretsOf(key, id, peerId);
  return timingSafeEqual(id.subarray(MAC_OFFSET), mac) ? nonce : null;
}

/** The expiry that an id carries, in Unix seconds; means nothing before {@link nonceOfIssued}. */
export function challengeExpiry(id: Uint8Array): number {
  return new DataView(id.buffer, id.byteOffset, id.byteLength).getUint32(0);
}

/** One HMAC gives both, as different bytes of one output: of the MAC, which everybody sees, nothing follows for the nonce. */
function secretsOf(
  key: ChallengeKey,
  id: Uint8Array,
  peerId: PeerId,
): { readonly mac: Uint8Array; readonly nonce: Uint8Array<ArrayBuffer> } {
  const digest = createHmac("sha512", key).update(LABEL).update(id.subarray(0, MAC_OFFSET)).update(peerId).digest();
  return {
    nonce: new Uint8Array(digest.subarray(0, NONCE_BYTES)),
    mac: digest.subarray(NONCE_BYTES, NONCE_BYTES + CHALLENGE_ID_BYTES - MAC_OFFSET),
  };
}
