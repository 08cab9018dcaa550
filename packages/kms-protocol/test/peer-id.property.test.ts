import { ed25519 } from "@noble/curves/ed25519.js";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  encodePublicKeyProtobuf,
  parsePeerId,
  parsePublicKey,
  parsePublicKeyProtobuf,
  peerIdFromPublicKey,
  verifyPeerSignature,
} from "../src/index.ts";
import { unwrap } from "./wire-vector.ts";

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => new Uint8Array(bytes));

/** Whether another implementation takes these bytes for a canonical point that is not of small order. */
function isPointElsewhere(key: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(key).isSmallOrder();
  } catch {
    // It says no by throwing.
    return false;
  }
}

test("a key is accepted exactly if another implementation decodes it to a point of large order", () => {
  const nearEdges = fc
    .tuple(fc.constantFrom(0n, 2n ** 255n - 19n, 2n ** 255n), fc.integer({ min: -40, max: 40 }), fc.boolean())
    .map(([base, delta, sign]) => {
      const y = (base + BigInt(delta) + 2n ** 255n) % 2n ** 255n;
      const key = Uint8Array.from({ length: 32 }, (_, index) => Number((y >> BigInt(8 * index)) & 255n));
      key[31] = (key[31] ?? 0) | (sign ? 128 : 0);
      return key;
    });
  fc.assert(
    fc.property(fc.oneof(bytes32, nearEdges), (key) => {
      expect(parsePublicKey(key).ok).toBe(isPointElsewhere(key));
    }),
    { numRuns: 300 },
  );
});

test("key, protobuf and peer id lead to each other", () => {
  fc.assert(
    fc.property(bytes32, (seed) => {
      const key = ed25519.getPublicKey(seed);
      expect(parsePublicKeyProtobuf(encodePublicKeyProtobuf(key))).toEqual({ ok: true, value: new Uint8Array(key) });
      const peerId = peerIdFromPublicKey(key);
      expect(parsePeerId(peerId)).toEqual({ ok: true, value: peerId });
    }),
    { numRuns: 50 },
  );
});

test("two keys never share a peer id, and no change of one character keeps it", () => {
  fc.assert(
    fc.property(bytes32, bytes32, (first, second) => {
      fc.pre(first.some((byte, index) => byte !== second[index]));
      expect(peerIdFromPublicKey(first)).not.toBe(peerIdFromPublicKey(second));
    }),
  );
});

test("parsers of ids and keys never throw", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), fc.uint8Array({ maxLength: 60 }), (text, bytes) => {
      expect(typeof parsePeerId(text).ok).toBe("boolean");
      expect(typeof parsePublicKeyProtobuf(bytes).ok).toBe("boolean");
      expect(typeof parsePublicKey(bytes).ok).toBe("boolean");
    }),
  );
});

test("signatures of another implementation verify, and one flipped bit anywhere ends that", async () => {
  await fc.assert(
    fc.asyncProperty(bytes32, fc.uint8Array({ maxLength: 80 }), fc.nat(511), async (seed, message, bit) => {
      const key = unwrap(parsePublicKey(ed25519.getPublicKey(seed)));
      const payload = new Uint8Array(message);
      const signature = new Uint8Array(ed25519.sign(payload, seed));
      expect(await verifyPeerSignature(key, payload, signature)).toBe(true);
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await verifyPeerSignature(key, payload, signature)).toBe(false);
    }),
    { numRuns: 40 },
  );
});
