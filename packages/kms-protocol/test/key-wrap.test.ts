import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";

import {
  type WrapKey,
  decodeAttestRequest,
  kmsReportData,
  makeMockQuote,
  nodeReportData,
  nodeWrapReportData,
  parsePeerId,
  parseWrapKey,
  releaseReportData,
  signedPayload,
  wrapBinding,
  wrapTranscript,
} from "../src/index.ts";
import { VECTOR, WRAP_VECTOR, bytes, unwrap, vectorIdentity } from "./wire-vector.ts";

const peerId = unwrap(parsePeerId(VECTOR.peerId));
const nonce = bytes(VECTOR.nonceHex);
const challengeId = bytes(VECTOR.challengeId);
const wrapKey = wrapKeyOfText(WRAP_VECTOR.wrapKeyB64);
const quote = makeMockQuote(nodeWrapReportData(nonce, peerId, wrapKey));
const sealed = { enc: bytes(WRAP_VECTOR.encHex), ciphertext: bytes(WRAP_VECTOR.ciphertextHex) };

function wrapKeyOfText(text: string): WrapKey {
  const key = parseWrapKey(text);
  if (key === null) throw new Error(`no wrap key: ${text}`);
  return key;
}

function flipped(value: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(value);
  copy[5] = (copy[5] ?? 0) ^ 1;
  return copy;
}

describe("the published vector", () => {
  test("report data of the node, up to the hash of its quote", () => {
    expect(toHex(wrapKey)).toBe(WRAP_VECTOR.wrapKeyHex);
    expect(toHex(wrapBinding(peerId, wrapKey))).toBe(WRAP_VECTOR.bindingHex);
    expect(toHex(nodeWrapReportData(nonce, peerId, wrapKey))).toBe(VECTOR.nonceHex + WRAP_VECTOR.bindingHex);
    expect(toHex(sha256(quote))).toBe(WRAP_VECTOR.quoteHashHex);
  });

  test("payload and signature are those of the plain wire, over this quote", async () => {
    const payload = signedPayload({ challengeId: VECTOR.challengeId, nonce, quote, peerId });
    expect(payload).toHaveLength(283);
    expect(toHex(sha256(payload))).toBe(WRAP_VECTOR.payloadHashHex);
    expect(toHex(await (await vectorIdentity()).sign(payload))).toBe(WRAP_VECTOR.signatureHex);
  });

  test("transcript", () => {
    expect(toHex(wrapTranscript({ challengeId, nonce, peerId, quote, wrapKey }))).toBe(WRAP_VECTOR.transcriptHex);
  });

  test("report data of the KMS: the hash, the label, zeros", () => {
    const label = Buffer.from("mero-kms-release").toString("hex");
    expect(toHex(releaseReportData(bytes(WRAP_VECTOR.transcriptHex), sealed))).toBe(
      WRAP_VECTOR.releaseHashHex + label + "00".repeat(16),
    );
  });
});

describe("a transcript", () => {
  const facts = { challengeId, nonce, peerId, quote, wrapKey };
  test.each([
    { name: "another challenge", change: { challengeId: flipped(challengeId) } },
    { name: "another nonce", change: { nonce: flipped(nonce) } },
    {
      name: "another peer",
      change: { peerId: unwrap(parsePeerId("12D3KooWCtDS3aXrWNHoPVWL8RAqHRjfcsK8P1ApPxfaWv48u79G")) },
    },
    { name: "another quote", change: { quote: flipped(quote) } },
    {
      name: "another wrap key",
      change: { wrapKey: wrapKeyOfText(Buffer.from(flipped(wrapKey)).toString("base64")) },
    },
  ])("differs for $name", ({ change }) => {
    expect(toHex(wrapTranscript({ ...facts, ...change }))).not.toBe(WRAP_VECTOR.transcriptHex);
  });

  test.each([
    { name: "a challenge id of 15 bytes", change: { challengeId: challengeId.subarray(1) } },
    { name: "a nonce of 31 bytes", change: { nonce: nonce.subarray(1) } },
  ])("is not made of $name: parts of other lengths could run into each other", ({ change }) => {
    expect(() => wrapTranscript({ ...facts, ...change })).toThrow(RangeError);
  });
});

describe("report data of the wrapped wire is never that of another one", () => {
  test("a node's second half begins with its label, and is no hash of the peer id", () => {
    const plain = nodeReportData(nonce, peerId);
    const wrapped = nodeWrapReportData(nonce, peerId, wrapKey);
    expect(new TextDecoder().decode(wrapped.subarray(32, 48))).toBe("mero-kms-wrap-v1");
    expect(toHex(wrapped.subarray(0, 32))).toBe(toHex(plain.subarray(0, 32)));
    expect(toHex(wrapped.subarray(32))).not.toBe(toHex(plain.subarray(32)));
  });

  test("a KMS quotes its release form for nobody who asks at /attest", () => {
    const release = releaseReportData(bytes(WRAP_VECTOR.transcriptHex), sealed);
    const [nonceHalf, bindingHalf] = [release.subarray(0, 32), release.subarray(32)];
    // The two halves are what an asker would have to choose.
    expect(toHex(kmsReportData(nonceHalf, bindingHalf))).toBe(toHex(release));
    const request = {
      nonceB64: Buffer.from(nonceHalf).toString("base64"),
      bindingB64: Buffer.from(bindingHalf).toString("base64"),
    };
    expect(decodeAttestRequest(request)).toEqual({
      ok: false,
      error: { code: "attest-request-invalid", field: "bindingB64", problem: "reserved" },
    });
  });

  test.each([
    { name: "another encapsulated key", change: { enc: bytes("00".repeat(32)) } },
    { name: "another ciphertext", change: { ciphertext: bytes("00".repeat(48)) } },
  ])("a KMS's quote differs for $name", ({ change }) => {
    const transcript = bytes(WRAP_VECTOR.transcriptHex);
    expect(toHex(releaseReportData(transcript, { ...sealed, ...change })).slice(0, 64)).not.toBe(
      WRAP_VECTOR.releaseHashHex,
    );
  });
});

describe("a wrap key on the wire", () => {
  test.each([
    { name: "31 bytes", text: Buffer.alloc(31, 1).toString("base64") },
    { name: "33 bytes", text: Buffer.alloc(33, 1).toString("base64") },
    { name: "no padding", text: WRAP_VECTOR.wrapKeyB64.replace("=", "") },
    { name: "the URL-safe alphabet", text: Buffer.alloc(32, 255).toString("base64url").padEnd(44, "=") },
    { name: "unused bits", text: WRAP_VECTOR.wrapKeyB64.replace("k=", "l=") },
    { name: "hex", text: WRAP_VECTOR.wrapKeyHex },
    { name: "nothing", text: "" },
  ])("of $name is none", ({ text }) => {
    expect(parseWrapKey(text)).toBeNull();
  });
});
