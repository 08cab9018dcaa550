import { createHmac } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { challengeExpiry, mintChallenge, nonceOfIssued, takeChallengeKey } from "../../src/challenge/challenge-id.ts";
import { makePeer } from "../peers.ts";

const KEY_BYTES = Uint8Array.from({ length: 32 }, (_, index) => index);
const KEY = takeChallengeKey(KEY_BYTES.slice());
const RANDOM = new Uint8Array(8).fill(0xff);
const EXPIRES_AT = 1_767_225_660;
const { peerId } = makePeer();

describe("a challenge id", () => {
  const { id, nonce } = mintChallenge(KEY, peerId, EXPIRES_AT, RANDOM);

  test("begins with its expiry, in network byte order", () => {
    expect(Buffer.from(id.subarray(0, 4)).readUInt32BE()).toBe(EXPIRES_AT);
    expect(challengeExpiry(id)).toBe(EXPIRES_AT);
  });

  test("has the version and variant bits of a UUID v4, whatever the random bytes", () => {
    for (const random of [RANDOM, new Uint8Array(8)]) {
      const hex = Buffer.from(mintChallenge(KEY, peerId, EXPIRES_AT, random).id).toString("hex");
      expect(hex).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    }
  });

  test("ends with bytes of an HMAC over the rest and the peer id, and its nonce is other bytes of the same", () => {
    const mac = createHmac("sha512", KEY_BYTES)
      .update(Buffer.concat([Buffer.from("mero-kms/challenge/v2\0"), id.subarray(0, 12), Buffer.from(peerId)]))
      .digest();
    expect(Buffer.from(nonce).equals(mac.subarray(0, 32))).toBe(true);
    expect(Buffer.from(id.subarray(12)).equals(mac.subarray(32, 36))).toBe(true);
  });

  test("was issued to its peer and to no other, nor under another key", () => {
    expect(nonceOfIssued(KEY, id, peerId)).toEqual(nonce);
    expect(nonceOfIssued(KEY, id, makePeer().peerId)).toBeNull();
    expect(nonceOfIssued(takeChallengeKey(KEY_BYTES.toReversed()), id, peerId)).toBeNull();
  });

  test("is made with a key that nothing prints, and whose bytes are overwritten where they came from", () => {
    const bytes = KEY_BYTES.slice();
    const key = takeChallengeKey(bytes);
    expect(bytes).toEqual(new Uint8Array(32));
    expect(`${JSON.stringify({ key })} ${inspect(key)}`).not.toMatch(/0102|AQID|1, ?2/);
    expect(nonceOfIssued(key, id, peerId)).toEqual(nonce);
  });

  test("is refused with any one bit flipped", () => {
    for (let bit = 0; bit < 128; bit += 1) {
      const flipped = id.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(nonceOfIssued(KEY, flipped, peerId), `bit ${bit}`).toBeNull();
    }
  });
});
