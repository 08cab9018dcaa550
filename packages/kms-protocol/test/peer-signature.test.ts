import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";

import { parsePublicKey, signedPayload, verifyPeerSignature } from "../src/index.ts";
import { VECTOR, bytes, unwrap, vectorIdentity } from "./wire-vector.ts";

const ORDER = ed25519.Point.Fn.ORDER;
const KEY = unwrap(parsePublicKey(bytes(VECTOR.publicKeyHex)));
const PAYLOAD = new TextEncoder().encode(VECTOR.payload);
const SIGNATURE = bytes(VECTOR.signatureHex);

function littleEndian(value: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n));
}

function fromLittleEndian(encoded: Uint8Array): bigint {
  return encoded.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

test("accepts the signature of the key over the payload", async () => {
  expect(await verifyPeerSignature(KEY, PAYLOAD, SIGNATURE)).toBe(true);
});

test.each([0, 31, 32, 63])("refuses a signature with a bit of byte %i flipped", async (index) => {
  const signature = SIGNATURE.slice();
  signature[index] = (signature[index] ?? 0) ^ 1;
  expect(await verifyPeerSignature(KEY, PAYLOAD, signature)).toBe(false);
});

test.each([0, 63, 65, 128])("refuses a signature of %i bytes", async (length) => {
  const signature = new Uint8Array(length);
  signature.set(SIGNATURE.subarray(0, Math.min(length, 64)));
  expect(await verifyPeerSignature(KEY, PAYLOAD, signature)).toBe(false);
});

test.each([1n, 2n, 7n])("refuses the same signature with %d group orders added to S", async (times) => {
  const scalar = fromLittleEndian(SIGNATURE.subarray(32)) + times * ORDER;
  const malleated = new Uint8Array([...SIGNATURE.subarray(0, 32), ...littleEndian(scalar)]);
  expect(scalar < 2n ** 256n).toBe(true);
  expect(await verifyPeerSignature(KEY, PAYLOAD, malleated)).toBe(false);
});

test("refuses another payload and another key", async () => {
  const other = PAYLOAD.slice();
  other[5] = 0x20;
  expect(await verifyPeerSignature(KEY, other, SIGNATURE)).toBe(false);
  const stranger = unwrap(parsePublicKey(new Uint8Array(ed25519.getPublicKey(new Uint8Array(32).fill(7)))));
  expect(await verifyPeerSignature(stranger, PAYLOAD, SIGNATURE)).toBe(false);
});

test("is without cofactor: a torsion component in R does not pass", async () => {
  // R' = R + T with T of order 8, S for the challenge of R': the cofactored equation holds, the exact one does not.
  const torsion = ed25519.Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
  const secret = ed25519.utils.getExtendedPublicKey(bytes(VECTOR.seedHex)).scalar;
  const nonce = 123_456_789n;
  const shifted = ed25519.Point.BASE.multiply(nonce).add(torsion).toBytes();
  const digest = sha512(new Uint8Array([...shifted, ...KEY, ...PAYLOAD]));
  const challenge = fromLittleEndian(digest) % ORDER;
  const signature = new Uint8Array([...shifted, ...littleEndian((nonce + challenge * secret) % ORDER)]);
  expect(ed25519.verify(signature, PAYLOAD, KEY, { zip215: true })).toBe(true);
  expect(await verifyPeerSignature(KEY, PAYLOAD, signature)).toBe(false);
});

test("a key of small order signs everything for everybody, which is why the key parser refuses it", () => {
  // With A the neutral element every R = S·B verifies for every message.
  const neutral = littleEndian(1n);
  const forged = new Uint8Array([...ed25519.Point.BASE.multiply(5n).toBytes(), ...littleEndian(5n)]);
  expect(ed25519.verify(forged, PAYLOAD, neutral, { zip215: true })).toBe(true);
  expect(parsePublicKey(neutral)).toEqual({
    ok: false,
    error: { code: "public-key-malformed", defect: "small-order" },
  });
});

test("the identity of the client and another implementation sign alike", async () => {
  const identity = await vectorIdentity();
  const nonce = new Uint8Array(32).fill(9);
  const payload = signedPayload({ challengeId: "ab", nonce, quote: nonce, peerId: identity.peerId });
  expect(await identity.sign(payload)).toEqual(ed25519.sign(payload, bytes(VECTOR.seedHex)));
});
