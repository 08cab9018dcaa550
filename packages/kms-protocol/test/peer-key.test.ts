import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, test } from "vitest";
import { createPeerKeyReader, encodePublicKeyProtobuf, type PeerKey, peerIdFromPublicKey } from "../src/index.ts";

const PAYLOAD = new TextEncoder().encode("signed by a node");

function makePeer(seed: number) {
  const secret = new Uint8Array(32).fill(seed);
  const publicKey = ed25519.getPublicKey(secret);
  return {
    peerId: peerIdFromPublicKey(publicKey),
    protobuf: encodePublicKeyProtobuf(publicKey),
    signature: new Uint8Array(ed25519.sign(PAYLOAD, secret)),
  };
}

function read(reader: ReturnType<typeof createPeerKeyReader>, protobuf: Uint8Array): PeerKey {
  const key = reader(protobuf);
  if (!key.ok) throw new Error(key.error.defect);
  return key.value;
}

const [alice, bob, carol] = [makePeer(1), makePeer(2), makePeer(3)];

test("a key verifies what it signed and nothing else, the first time and each time after", async () => {
  const reader = createPeerKeyReader(2);
  for (let time = 0; time < 2; time += 1) {
    for (const peer of [alice, bob]) {
      const key = read(reader, peer.protobuf);
      expect(key.peerId).toBe(peer.peerId);
      expect(await key.verify(PAYLOAD, peer.signature)).toBe(true);
      expect(await key.verify(PAYLOAD, peer === alice ? bob.signature : alice.signature)).toBe(false);
    }
  }
});

test("what a caller writes into its bytes changes no key that is remembered", async () => {
  const reader = createPeerKeyReader(2);
  const bytes = new Uint8Array(alice.protobuf);
  const before = read(reader, bytes);
  bytes.set(bob.protobuf);
  expect(await before.verify(PAYLOAD, alice.signature)).toBe(true);
  expect(read(reader, bytes).peerId).toBe(bob.peerId);
  expect(read(reader, alice.protobuf)).toBe(before);
});

test("the key used least recently is forgotten first", () => {
  const reader = createPeerKeyReader(2);
  const [first, second] = [read(reader, alice.protobuf), read(reader, bob.protobuf)];
  expect(read(reader, alice.protobuf)).toBe(first);
  read(reader, carol.protobuf);
  expect(read(reader, alice.protobuf)).toBe(first);
  expect(read(reader, bob.protobuf)).not.toBe(second);
});

test.each([
  { name: "nothing", protobuf: new Uint8Array(0), defect: "protobuf" },
  { name: "a byte too many", protobuf: Uint8Array.of(...alice.protobuf, 0), defect: "protobuf" },
  { name: "another key type", protobuf: alice.protobuf.with(1, 2), defect: "protobuf" },
  { name: "a point of small order", protobuf: encodePublicKeyProtobuf(new Uint8Array(32)), defect: "small-order" },
])("$name is refused, however often it comes", ({ protobuf, defect }) => {
  const reader = createPeerKeyReader(2);
  read(reader, alice.protobuf);
  for (let time = 0; time < 2; time += 1) {
    expect(reader(protobuf)).toEqual({ ok: false, error: { code: "public-key-malformed", defect } });
  }
});
