import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  challengeExpiry,
  challengeNonce,
  isIssuedTo,
  mintChallengeId,
  takeChallengeKey,
} from "../../src/challenge/challenge-id.ts";
import { makePeer } from "../peers.ts";

const KEY_BYTES = Uint8Array.from({ length: 32 }, (_, index) => index);
const KEY = takeChallengeKey(KEY_BYTES.slice());
const RANDOM = new Uint8Array(8).fill(0xff);
const EXPIRES_AT = 1_767_225_660;
const { peerId } = makePeer();

describe("a challenge id", () => {
  const id = mintChallengeId(KEY, peerId, EXPIRES_AT, RANDOM);

  test("begins with its expiry, in network byte order", () => {
    expect(Buffer.from(id.subarray(0, 4)).readUInt32BE()).toBe(EXPIRES_AT);
    expect(challengeExpiry(id)).toBe(EXPIRES_AT);
  });

  test("has the version and variant bits of a UUID v4, whatever the random bytes", () => {
    for (const random of [RANDOM, new Uint8Array(8)]) {
      const hex = Buffer.from(mintChallengeId(KEY, peerId, EXPIRES_AT, random)).toString("hex");
      expect(hex).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    }
  });

  test("ends with the first bytes of an HMAC over the rest and the peer id", () => {
    const mac = createHmac("sha256", KEY_BYTES)
      .update(Buffer.concat([Buffer.from("mero-kms/challenge-id/v1\0"), id.subarray(0, 12), Buffer.from(peerId)]))
      .digest();
    expect(Buffer.from(id.subarray(12)).equals(mac.subarray(0, 4))).toBe(true);
  });

  test("gives a nonce that is an HMAC over all of it and the peer id", () => {
    const mac = createHmac("sha256", KEY_BYTES)
      .update(Buffer.concat([Buffer.from("mero-kms/challenge-nonce/v1\0"), id, Buffer.from(peerId)]))
      .digest();
    expect(Buffer.from(challengeNonce(KEY, id, peerId)).equals(mac)).toBe(true);
  });

  test("was issued to its peer and to no other, nor under another key", () => {
    expect(isIssuedTo(KEY, id, peerId)).toBe(true);
    expect(isIssuedTo(KEY, id, makePeer().peerId)).toBe(false);
    expect(isIssuedTo(takeChallengeKey(KEY_BYTES.toReversed()), id, peerId)).toBe(false);
  });

  test("is made with a key that nothing prints, and whose bytes are overwritten where they came from", () => {
    const bytes = KEY_BYTES.slice();
    const key = takeChallengeKey(bytes);
    expect(bytes).toEqual(new Uint8Array(32));
    expect(`${JSON.stringify({ key })} ${inspect(key)}`).not.toMatch(/0102|AQID|1, ?2/);
    expect(isIssuedTo(key, id, peerId)).toBe(true);
  });

  test("is refused with any one bit flipped", () => {
    for (let bit = 0; bit < 128; bit += 1) {
      const flipped = id.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(isIssuedTo(KEY, flipped, peerId), `bit ${bit}`).toBe(false);
    }
  });
});
