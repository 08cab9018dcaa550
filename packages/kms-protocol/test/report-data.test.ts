import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";
import { describe, expect, test } from "vitest";

import {
  DEFAULT_BINDING,
  isMockQuote,
  kmsReportData,
  makeMockQuote,
  mockReportData,
  nodeReportData,
  parseChallengeId,
  parsePeerId,
} from "../src/index.ts";
import { VECTOR, bytes, unwrap, vectorQuote } from "./wire-vector.ts";

const NONCE = bytes(VECTOR.nonceHex);
const PEER_ID = unwrap(parsePeerId(VECTOR.peerId));

describe("report data", () => {
  test("of a node is the nonce and the hash of the peer id text", () => {
    expect(toHex(nodeReportData(NONCE, PEER_ID))).toBe(VECTOR.nonceHex + VECTOR.peerIdHashHex);
  });

  test("of a KMS is the nonce and the binding, concatenated", () => {
    expect(toHex(DEFAULT_BINDING)).toBe("2323feace9fd1751a89ab2bebb8aba145f343a3688e3d1655ed428eb0766e396");
    expect(toHex(kmsReportData(NONCE, DEFAULT_BINDING))).toBe(VECTOR.nonceHex + toHex(DEFAULT_BINDING));
  });

  test.each([0, 31, 33, 64])("is not made of halves of %i bytes", (length) => {
    expect(() => nodeReportData(new Uint8Array(length), PEER_ID)).toThrow(RangeError);
    expect(() => kmsReportData(NONCE, new Uint8Array(length))).toThrow(RangeError);
  });
});

describe("mock quotes", () => {
  test("have the published layout", () => {
    const quote = vectorQuote();
    expect(quote).toHaveLength(256);
    expect(new TextDecoder().decode(quote.subarray(0, 17))).toBe("MOCK_TDX_QUOTE_V1");
    expect(quote.subarray(81).every((byte) => byte === 0)).toBe(true);
    expect(toHex(sha256(quote))).toBe(VECTOR.quoteHashHex);
    expect(mockReportData(quote)).toEqual(nodeReportData(NONCE, PEER_ID));
  });

  test("are known by their head alone", () => {
    expect(isMockQuote(vectorQuote().subarray(0, 17))).toBe(true);
    expect(isMockQuote(vectorQuote().subarray(0, 16))).toBe(false);
    expect(isMockQuote(vectorQuote().fill(0, 0, 1))).toBe(false);
    expect(isMockQuote(new Uint8Array())).toBe(false);
  });

  test("need 81 bytes for their report data, and the rest does not count", () => {
    const quote = vectorQuote().fill(7, 81);
    expect(mockReportData(quote.subarray(0, 81))).toEqual(nodeReportData(NONCE, PEER_ID));
    expect(mockReportData(quote.subarray(0, 80))).toBeNull();
    expect(mockReportData(new Uint8Array(256))).toBeNull();
  });

  test.each([63, 65])("are not made for %i bytes of report data", (length) => {
    expect(() => makeMockQuote(new Uint8Array(length))).toThrow(RangeError);
  });
});

describe("challenge ids", () => {
  test("are 16 bytes in either case", () => {
    expect(parseChallengeId(VECTOR.challengeId)).toEqual(bytes(VECTOR.challengeId));
    expect(parseChallengeId(VECTOR.challengeId.toUpperCase())).toEqual(bytes(VECTOR.challengeId));
  });

  test.each([
    "",
    VECTOR.challengeId.slice(1),
    `${VECTOR.challengeId}0`,
    `${VECTOR.challengeId}00`,
    "00112233-4455-6677-8899-aabbccddeeff",
    VECTOR.challengeId.replace("f", "g"),
    ` ${VECTOR.challengeId.slice(1)}`,
  ])("are nothing else: %j", (text) => {
    expect(parseChallengeId(text)).toBeNull();
  });
});
