import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base58 } from "@scure/base";
import { describe, expect, test } from "vitest";

import {
  encodePublicKeyProtobuf,
  parsePeerId,
  parsePublicKey,
  parsePublicKeyProtobuf,
  peerIdFromPublicKey,
} from "../src/index.ts";
import { VECTOR, bytes } from "./wire-vector.ts";

const P = 2n ** 255n - 19n;
const KEY = bytes(VECTOR.publicKeyHex);
const PROTOBUF = bytes(VECTOR.protobufHex);

function encodedY(y: bigint, sign = 0): Uint8Array<ArrayBuffer> {
  const encoded = Uint8Array.from({ length: 32 }, (_, index) => Number((y >> BigInt(8 * index)) & 255n));
  encoded[31] = (encoded[31] ?? 0) | (sign << 7);
  return encoded;
}

function encodedMultihash(multihash: readonly number[]): string {
  return base58.encode(Uint8Array.from(multihash));
}

describe("peer ids", () => {
  test("reads the id of the published key", () => {
    expect(parsePeerId(VECTOR.peerId)).toEqual({ ok: true, value: VECTOR.peerId });
  });

  test.each([
    { name: "an empty text", text: "", defect: "length" },
    { name: "one character less", text: VECTOR.peerId.slice(0, -1), defect: "length" },
    { name: "one character more", text: `${VECTOR.peerId}1`, defect: "length" },
    { name: "a blank before it", text: ` ${VECTOR.peerId}`, defect: "length" },
    { name: "a blank in place of a character", text: `${VECTOR.peerId.slice(0, -1)} `, defect: "alphabet" },
    { name: "a zero digit", text: VECTOR.peerId.replace("X", "0"), defect: "alphabet" },
    { name: "a capital O", text: VECTOR.peerId.replace("X", "O"), defect: "alphabet" },
    { name: "a capital I", text: VECTOR.peerId.replace("X", "I"), defect: "alphabet" },
    { name: "a small l", text: VECTOR.peerId.replace("X", "l"), defect: "alphabet" },
    { name: "a full-width digit", text: VECTOR.peerId.replace("2", "２"), defect: "alphabet" },
    { name: "another case", text: VECTOR.peerId.toLowerCase().replaceAll("l", "1"), defect: "encoding" },
    { name: "another first character", text: VECTOR.peerId.replace("1", "2"), defect: "encoding" },
    { name: "52 ones", text: "1".repeat(52), defect: "encoding" },
    { name: "52 times the last digit", text: "z".repeat(52), defect: "encoding" },
    {
      name: "a CID",
      text: "bafzaajaiaejcaa5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny",
      defect: "length",
    },
    { name: "a SHA-256 multihash", text: encodedMultihash([0x12, 0x20, ...sha256(PROTOBUF)]), defect: "length" },
    { name: "a secp256k1 key", text: encodedMultihash([0, 37, 8, 2, 0x12, 33, 2, ...KEY]), defect: "length" },
    {
      name: "key type secp256k1 of Ed25519 length",
      text: encodedMultihash([0, 36, 8, 2, 0x12, 32, ...KEY]),
      defect: "encoding",
    },
    { name: "another multihash length", text: encodedMultihash([0, 35, 8, 1, 0x12, 32, ...KEY]), defect: "encoding" },
    { name: "another field number", text: encodedMultihash([0, 36, 8, 1, 0x1a, 32, ...KEY]), defect: "encoding" },
  ])("refuses $name", ({ text, defect }) => {
    expect(parsePeerId(text)).toEqual({ ok: false, error: { code: "peer-id-malformed", defect } });
  });

  test.each([0x00, 0x7f, 0xff])("has 52 characters that begin alike for a key of %i bytes", (byte) => {
    const peerId = peerIdFromPublicKey(new Uint8Array(32).fill(byte));
    expect(peerId).toMatch(/^12D3KooW.{44}$/);
    expect(parsePeerId(peerId)).toEqual({ ok: true, value: peerId });
  });
});

describe("public keys", () => {
  test("reads the published protobuf", () => {
    const key = parsePublicKeyProtobuf(PROTOBUF);
    expect(key).toEqual({ ok: true, value: KEY });
    expect(encodePublicKeyProtobuf(KEY)).toEqual(PROTOBUF);
  });

  test("copies the bytes", () => {
    const source = PROTOBUF.slice();
    const key = parsePublicKeyProtobuf(source);
    source.fill(0);
    expect(key).toEqual({ ok: true, value: KEY });
  });

  test.each([
    { name: "nothing", protobuf: [] },
    { name: "a raw key", protobuf: [...KEY] },
    { name: "one byte less", protobuf: [...PROTOBUF.subarray(0, 35)] },
    { name: "one byte more", protobuf: [...PROTOBUF, 0] },
    { name: "an unknown field behind", protobuf: [...PROTOBUF, 0x18, 1] },
    { name: "swapped fields", protobuf: [0x12, 0x20, ...KEY, 8, 1] },
    { name: "a long varint", protobuf: [8, 0x81, 0, 0x12, 0x20, ...KEY] },
    { name: "a long varint of the same total length", protobuf: [8, 0x81, 0, 0x12, 0x1f, ...KEY.subarray(1)] },
    { name: "key type RSA", protobuf: [8, 0, 0x12, 0x20, ...KEY] },
    { name: "key type secp256k1", protobuf: [8, 2, 0x12, 0x20, ...KEY] },
    { name: "key type ECDSA", protobuf: [8, 3, 0x12, 0x20, ...KEY] },
    { name: "no key type", protobuf: [0x12, 0x20, ...KEY, 0, 0] },
  ])("refuses $name as protobuf", ({ protobuf }) => {
    expect(parsePublicKeyProtobuf(Uint8Array.from(protobuf))).toEqual({
      ok: false,
      error: { code: "public-key-malformed", defect: "protobuf" },
    });
  });

  const orderEight = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
  test.each([
    { name: "a key of 31 bytes", key: new Uint8Array(31), defect: "length" },
    { name: "a key of 33 bytes", key: new Uint8Array(33), defect: "length" },
    { name: "y = p", key: encodedY(P), defect: "non-canonical" },
    { name: "y = p + 1, the neutral element once more", key: encodedY(P + 1n), defect: "non-canonical" },
    { name: "y = 2^255 - 1", key: encodedY(2n ** 255n - 1n), defect: "non-canonical" },
    { name: "32 bytes of ff", key: new Uint8Array(32).fill(255), defect: "non-canonical" },
    { name: "the neutral element", key: encodedY(1n), defect: "small-order" },
    { name: "the neutral element with the sign of x set", key: encodedY(1n, 1), defect: "small-order" },
    { name: "the point of order 2", key: encodedY(P - 1n), defect: "small-order" },
    { name: "the point of order 2 with the sign of x set", key: encodedY(P - 1n, 1), defect: "small-order" },
    { name: "a point of order 4", key: encodedY(0n), defect: "small-order" },
    { name: "the other point of order 4", key: encodedY(0n, 1), defect: "small-order" },
    { name: "a point of order 8", key: encodedY(orderEight), defect: "small-order" },
    { name: "a second point of order 8", key: encodedY(orderEight, 1), defect: "small-order" },
    { name: "a third point of order 8", key: encodedY(P - orderEight), defect: "small-order" },
    { name: "a fourth point of order 8", key: encodedY(P - orderEight, 1), defect: "small-order" },
    { name: "y = 2, which no point has", key: encodedY(2n), defect: "off-curve" },
    { name: "y = p - 2, which no point has", key: encodedY(P - 2n), defect: "off-curve" },
  ])("refuses $name", ({ key, defect }) => {
    expect(parsePublicKey(key)).toEqual({ ok: false, error: { code: "public-key-malformed", defect } });
  });

  test("refuses the same points inside a protobuf", () => {
    expect(parsePublicKeyProtobuf(encodePublicKeyProtobuf(encodedY(2n)))).toMatchObject({
      error: { defect: "off-curve" },
    });
  });

  test("the small-order points are all there are: eight, as another implementation counts them", () => {
    const generator = ed25519.Point.fromBytes(encodedY(orderEight));
    const points = Array.from({ length: 8 }, (_, index) =>
      index === 0 ? ed25519.Point.ZERO : generator.multiplyUnsafe(BigInt(index)),
    );
    expect(new Set(points.map((point) => point.toHex())).size).toBe(8);
    for (const point of points) {
      expect(point.isSmallOrder()).toBe(true);
      expect(parsePublicKey(new Uint8Array(point.toBytes()))).toMatchObject({ error: { defect: "small-order" } });
    }
  });

  test("encoding a key of another length is a bug of the caller", () => {
    expect(() => encodePublicKeyProtobuf(new Uint8Array(31))).toThrow(RangeError);
    expect(() => peerIdFromPublicKey(new Uint8Array(33))).toThrow(RangeError);
  });
});
