import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import { CHALLENGE_ID_BYTES, type PeerId } from "@mero-tee/kms-protocol";

/** Random bytes that one id needs. */
export const CHALLENGE_RANDOM_BYTES = 8;

// Layout of an id: expiry 0..4, random 4..12, MAC 12..16.
const EXPIRY_BYTES = 4;
const MAC_OFFSET = EXPIRY_BYTES + CHALLENGE_RANDOM_BYTES;
const ID_LABEL = "mero-kms/challenge-id/v1\0";
const NONCE_LABEL = "mero-kms/challenge-nonce/v1\0";

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

/**
 * Makes a challenge id that carries its own expiry and proves by its MAC that the holder of `key` issued it to this
 * peer: nothing has to be stored until it is spent, so no number of requests can crowd out another peer's challenge.
 *
 * @param expiresAt - Unix seconds
 * @param random - 8 fresh random bytes; six of their bits give way to the version and variant of a UUID v4
 */
export function mintChallengeId(
  key: ChallengeKey,
  peerId: PeerId,
  expiresAt: number,
  random: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const id = new Uint8Array(CHALLENGE_ID_BYTES);
  const view = new DataView(id.buffer);
  view.setUint32(0, expiresAt);
  id.set(random, EXPIRY_BYTES);
  view.setUint8(6, (view.getUint8(6) & 0x0f) | 0x40);
  view.setUint8(8, (view.getUint8(8) & 0x3f) | 0x80);
  id.set(mac(key, id, peerId), MAC_OFFSET);
  return id;
}

/** Whether the holder of `key` issued this id to this peer. Constant time in the MAC. */
export function isIssuedTo(key: ChallengeKey, id: Uint8Array, peerId: PeerId): boolean {
  return timingSafeEqual(id.subarray(MAC_OFFSET), mac(key, id, peerId));
}

/** The expiry that an id carries, in Unix seconds; means nothing before {@link isIssuedTo}. */
export function challengeExpiry(id: Uint8Array): number {
  return new DataView(id.buffer, id.byteOffset, id.byteLength).getUint32(0);
}

/** The nonce of a challenge, 32 bytes; computed anew instead of stored. */
export function challengeNonce(key: ChallengeKey, id: Uint8Array, peerId: PeerId): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHmac("sha256", key).update(NONCE_LABEL).update(id).update(peerId).digest());
}

function mac(key: ChallengeKey, id: Uint8Array, peerId: PeerId): Uint8Array {
  const digest = createHmac("sha256", key).update(ID_LABEL).update(id.subarray(0, MAC_OFFSET)).update(peerId).digest();
  return digest.subarray(0, CHALLENGE_ID_BYTES - MAC_OFFSET);
}
