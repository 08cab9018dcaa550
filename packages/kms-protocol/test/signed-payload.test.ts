import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";

import {
  encodePublicKeyProtobuf,
  parsePeerId,
  parsePublicKeyProtobuf,
  peerIdFromPublicKey,
  peerIdHash,
  signedPayload,
  verifyPeerSignature,
} from "../src/index.ts";
import { VECTOR, bytes, unwrap, vectorIdentity, vectorQuote } from "./wire-vector.ts";

const FACTS = {
  challengeId: VECTOR.challengeId,
  nonce: bytes(VECTOR.nonceHex),
  quote: vectorQuote(),
  peerId: unwrap(parsePeerId(VECTOR.peerId)),
};
const PUBLIC_KEY = unwrap(parsePublicKeyProtobuf(bytes(VECTOR.protobufHex)));

test("the payload is the published bytes", () => {
  const payload = signedPayload(FACTS);
  expect(new TextDecoder().decode(payload)).toBe(VECTOR.payload);
  expect(payload).toHaveLength(283);
  expect(toHex(sha256(payload))).toBe(VECTOR.payloadHashHex);
  expect(toHex(sha256(FACTS.quote))).toBe(VECTOR.quoteHashHex);
});

test("a node signs it into the published signature", async () => {
  const identity = await vectorIdentity();
  expect(identity.peerId).toBe(VECTOR.peerId);
  expect(toHex(identity.publicKey)).toBe(VECTOR.publicKeyHex);
  expect(toBase64(encodePublicKeyProtobuf(identity.publicKey))).toBe(VECTOR.peerPublicKeyB64);
  const signature = await identity.sign(signedPayload(FACTS));
  expect(toHex(signature)).toBe(VECTOR.signatureHex);
  expect(toBase64(signature)).toBe(VECTOR.signatureB64);
});

test("a KMS derives the peer id and verifies the signature", async () => {
  expect(peerIdFromPublicKey(PUBLIC_KEY)).toBe(VECTOR.peerId);
  expect(toHex(peerIdHash(FACTS.peerId))).toBe(VECTOR.peerIdHashHex);
  expect(await verifyPeerSignature(PUBLIC_KEY, signedPayload(FACTS), bytes(VECTOR.signatureHex))).toBe(true);
});

describe("the published signature does not cover", () => {
  test.each([
    { name: "another challenge", change: { challengeId: VECTOR.challengeId.replace("0", "1") } },
    { name: "the challenge in upper case", change: { challengeId: VECTOR.challengeId.toUpperCase() } },
    { name: "another nonce", change: { nonce: bytes(VECTOR.nonceHex.replace("20", "21")) } },
    { name: "another quote", change: { quote: vectorQuote().fill(1, 200, 201) } },
    { name: "a quote with one byte more", change: { quote: new Uint8Array([...vectorQuote(), 0]) } },
    { name: "another peer", change: { peerId: peerIdFromPublicKey(new Uint8Array(32)) } },
  ])("$name", async ({ change }) => {
    const payload = signedPayload({ ...FACTS, ...change });
    expect(await verifyPeerSignature(PUBLIC_KEY, payload, bytes(VECTOR.signatureHex))).toBe(false);
  });

  test("the members in alphabetical order", async () => {
    const members = VECTOR.payload.slice(1, -1).split(",");
    const sorted = `{${members.toSorted().join(",")}}`;
    expect(sorted).toHaveLength(VECTOR.payload.length);
    const payload = new TextEncoder().encode(sorted);
    expect(await verifyPeerSignature(PUBLIC_KEY, payload, bytes(VECTOR.signatureHex))).toBe(false);
  });

  test("the same members with a space", async () => {
    const payload = new TextEncoder().encode(VECTOR.payload.replace(",", ", "));
    expect(await verifyPeerSignature(PUBLIC_KEY, payload, bytes(VECTOR.signatureHex))).toBe(false);
  });
});
