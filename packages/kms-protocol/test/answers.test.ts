import { describe, expect, test } from "vitest";

import {
  ANSWER_FIELD_LIMITS,
  parseAttestAnswer,
  parseChallengeAnswer,
  parseErrorBody,
  parseGetKeyAnswer,
  parseWrappedKeyAnswer,
} from "../src/index.ts";
import { VECTOR, WRAP_VECTOR, bytes } from "./wire-vector.ts";

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

describe("a challenge answer", () => {
  const answer = { challengeId: VECTOR.challengeId, nonceB64: VECTOR.nonceB64, expiresAt: 1_767_225_660 };
  const value = { challengeId: VECTOR.challengeId, nonce: bytes(VECTOR.nonceHex) };

  test.each([
    { name: "as a KMS sends it", change: {} },
    { name: "without its expiry, which nodes ignore", change: { expiresAt: undefined } },
    { name: "with unknown members", change: { later: [1] } },
  ])("is read $name", ({ change }) => {
    expect(parseChallengeAnswer(encode({ ...answer, ...change }))).toEqual({ ok: true, value });
  });

  test("may have an id of 512 characters", () => {
    const challengeId = "x".repeat(ANSWER_FIELD_LIMITS.challengeId);
    expect(parseChallengeAnswer(encode({ ...answer, challengeId }))).toMatchObject({ value: { challengeId } });
  });

  test.each([
    {
      name: "no id",
      change: { challengeId: undefined },
      error: { code: "answer-shape-invalid", field: "challengeId" },
    },
    { name: "no nonce", change: { nonceB64: undefined }, error: { code: "answer-shape-invalid", field: "nonceB64" } },
    {
      name: "a nonce that is no text",
      change: { nonceB64: 1 },
      error: { code: "answer-shape-invalid", field: "nonceB64" },
    },
    {
      name: "an id of 513 characters",
      change: { challengeId: "x".repeat(513) },
      error: { code: "answer-field-oversized", field: "challengeId" },
    },
    {
      name: "a nonce of 2,049 characters",
      change: { nonceB64: "A".repeat(2_049) },
      error: { code: "answer-field-oversized", field: "nonceB64" },
    },
    {
      name: "a nonce of 2,048 characters",
      change: { nonceB64: "A".repeat(2_048) },
      error: { code: "answer-nonce-invalid" },
    },
    { name: "a nonce of 24 bytes", change: { nonceB64: "A".repeat(32) }, error: { code: "answer-nonce-invalid" } },
    { name: "a nonce in hex", change: { nonceB64: VECTOR.nonceHex }, error: { code: "answer-nonce-invalid" } },
  ])("is refused for $name", ({ change, error }) => {
    expect(parseChallengeAnswer(encode({ ...answer, ...change }))).toEqual({ ok: false, error });
  });

  test.each(["", "x", '{"challengeId"'])("is not JSON: %j", (text) => {
    expect(parseChallengeAnswer(new TextEncoder().encode(text))).toEqual({
      ok: false,
      error: { code: "answer-not-json" },
    });
  });

  test("is refused for a list instead of an object", () => {
    expect(parseChallengeAnswer(encode([]))).toEqual({
      ok: false,
      error: { code: "answer-shape-invalid", field: null },
    });
  });
});

describe("an attestation answer", () => {
  const reportDataHex = "ab".repeat(64);
  const answer = { quoteB64: "AAEC", reportDataHex, eventLog: [{ imr: 3 }], vmConfig: "{}" };

  test("is read with its claims", () => {
    expect(parseAttestAnswer(encode(answer))).toEqual({
      ok: true,
      value: {
        quote: new Uint8Array([0, 1, 2]),
        claimedReportData: bytes(reportDataHex),
        eventLog: [{ imr: 3 }],
        vmConfig: "{}",
      },
    });
  });

  test("may lack what nodes do not read", () => {
    const parsed = parseAttestAnswer(encode({ ...answer, eventLog: undefined, vmConfig: undefined }));
    expect(parsed).toMatchObject({ ok: true, value: { eventLog: undefined, vmConfig: undefined } });
  });

  test("may have a quote of 131,072 characters", () => {
    expect(parseAttestAnswer(encode({ ...answer, quoteB64: "A".repeat(131_072) })).ok).toBe(true);
  });

  test.each([
    { name: "no quote", change: { quoteB64: undefined }, error: { code: "answer-shape-invalid", field: "quoteB64" } },
    { name: "an empty quote", change: { quoteB64: "" }, error: { code: "answer-shape-invalid", field: "quoteB64" } },
    {
      name: "a quote without padding",
      change: { quoteB64: "AA" },
      error: { code: "answer-shape-invalid", field: "quoteB64" },
    },
    {
      name: "no report data",
      change: { reportDataHex: null },
      error: { code: "answer-shape-invalid", field: "reportDataHex" },
    },
    {
      name: "63 bytes of report data",
      change: { reportDataHex: "ab".repeat(63) },
      error: { code: "answer-shape-invalid", field: "reportDataHex" },
    },
    {
      name: "report data with a prefix",
      change: { reportDataHex: `0x${"ab".repeat(64)}` },
      error: { code: "answer-shape-invalid", field: "reportDataHex" },
    },
    {
      name: "a quote that is too long",
      change: { quoteB64: "A".repeat(131_076) },
      error: { code: "answer-field-oversized", field: "quoteB64" },
    },
    {
      name: "report data that is too long",
      change: { reportDataHex: "a".repeat(1_025) },
      error: { code: "answer-field-oversized", field: "reportDataHex" },
    },
  ])("is refused for $name", ({ change, error }) => {
    expect(parseAttestAnswer(encode({ ...answer, ...change }))).toEqual({ ok: false, error });
  });

  test("that is not JSON is refused as such", () => {
    expect(parseAttestAnswer(new Uint8Array([0xff]))).toEqual({ ok: false, error: { code: "answer-not-json" } });
  });
});

describe("a key answer", () => {
  const hex = "ab".repeat(32);

  test.each([
    { name: "64 digits", key: hex, length: 32 },
    { name: "upper case", key: hex.toUpperCase(), length: 32 },
    { name: "blanks around", key: ` ${hex}\n`, length: 32 },
    { name: "a longer key", key: "cd".repeat(2_048), length: 2_048 },
  ])("is read with $name", ({ key, length }) => {
    const parsed = parseGetKeyAnswer(encode({ key }));
    expect(parsed.ok && parsed.value.length).toBe(length);
    expect(parsed.ok && parsed.value.use((secret) => Buffer.from(secret).toString("hex"))).toBe(
      key.trim().toLowerCase(),
    );
  });

  test.each([
    { name: "an empty key", key: "" },
    { name: "blanks only", key: "  " },
    { name: "31 bytes", key: hex.slice(2) },
    { name: "an odd number of digits", key: `${hex}a` },
    { name: "base64", key: Buffer.alloc(32).toString("base64") },
    { name: "a prefix", key: `0x${hex}` },
    { name: "too many digits", key: "ab".repeat(2_049) },
  ])("is refused for $name", ({ key }) => {
    expect(parseGetKeyAnswer(encode({ key }))).toEqual({ ok: false, error: { code: "answer-key-invalid" } });
  });

  test.each([{}, { key: null }, { key: 1 }])("is refused for the shape %j", (answer) => {
    expect(parseGetKeyAnswer(encode(answer))).toEqual({
      ok: false,
      error: { code: "answer-shape-invalid", field: "key" },
    });
  });

  test("is refused with two keys", () => {
    const body = new TextEncoder().encode(`{"key":"${hex}","key":"${hex}"}`);
    expect(parseGetKeyAnswer(body)).toEqual({ ok: false, error: { code: "answer-shape-invalid", field: "key" } });
  });

  test("that is not JSON is refused as such", () => {
    expect(parseGetKeyAnswer(new Uint8Array())).toEqual({ ok: false, error: { code: "answer-not-json" } });
  });
});

function shape(field: string | null): unknown {
  return { code: "answer-shape-invalid", field };
}

describe("a sealed key's answer", () => {
  const sealed = { enc: bytes(WRAP_VECTOR.encHex), ciphertext: bytes(WRAP_VECTOR.ciphertextHex) };
  const encB64 = Buffer.from(sealed.enc).toString("base64");
  const ciphertextB64 = Buffer.from(sealed.ciphertext).toString("base64");
  const answer = { wrapped: { encB64, ciphertextB64 }, kmsQuoteB64: "AAAA" };

  test.each([
    { name: "as a KMS sends it", change: {} },
    { name: "with unknown members", change: { later: [1], wrapped: { encB64, ciphertextB64, more: 1 } } },
  ])("is read $name", ({ change }) => {
    expect(parseWrappedKeyAnswer(encode({ ...answer, ...change }))).toEqual({
      ok: true,
      value: { sealed, kmsQuote: new Uint8Array(3) },
    });
  });

  test.each([
    { name: "a plain key", change: { key: "ab".repeat(32) }, error: { code: "answer-key-not-wrapped" } },
    { name: "a key of null", change: { key: null }, error: { code: "answer-key-not-wrapped" } },
    { name: "no quote", change: { kmsQuoteB64: undefined }, error: shape("kmsQuoteB64") },
    { name: "an empty quote", change: { kmsQuoteB64: "" }, error: shape("kmsQuoteB64") },
    { name: "a quote that is no base64", change: { kmsQuoteB64: "*" }, error: shape("kmsQuoteB64") },
    {
      name: "a quote that is too long",
      change: { kmsQuoteB64: "A".repeat(131_076) },
      error: { code: "answer-field-oversized", field: "kmsQuoteB64" },
    },
    { name: "no sealed key", change: { wrapped: undefined }, error: shape("wrapped") },
    { name: "a list for a sealed key", change: { wrapped: [] }, error: shape("wrapped") },
    { name: "an encapsulated key of 31 bytes", change: { wrapped: { ...answer.wrapped, encB64: "A".repeat(40) } } },
    { name: "no encapsulated key", change: { wrapped: { ciphertextB64 } } },
    { name: "no ciphertext", change: { wrapped: { encB64 } }, error: shape("ciphertextB64") },
    {
      name: "a ciphertext of 49 bytes",
      change: { wrapped: { encB64, ciphertextB64: Buffer.alloc(49).toString("base64") } },
      error: shape("ciphertextB64"),
    },
  ])("is refused for $name", ({ change, error = shape("encB64") }) => {
    expect(parseWrappedKeyAnswer(encode({ ...answer, ...change }))).toEqual({ ok: false, error });
  });

  test.each(["", "[1", JSON.stringify(answer).replace("{", '{"wrapped":1,'), "\ufeff{}"])(
    "that is not JSON, or says one thing twice, is refused: %j",
    (text) => {
      const error = { code: "answer-not-json" };
      expect(parseWrappedKeyAnswer(new TextEncoder().encode(text))).toEqual({ ok: false, error });
    },
  );

  test("that is no object is refused", () => {
    expect(parseWrappedKeyAnswer(encode([answer]))).toEqual({ ok: false, error: shape(null) });
  });
});

describe("an error body", () => {
  test.each([
    { body: { error: "not_found" }, expected: { error: "not_found" } },
    { body: { error: "x", details: "y" }, expected: { error: "x", details: "y" } },
    { body: { error: "x", details: null }, expected: { error: "x" } },
    { body: { error: "x", more: 1 }, expected: { error: "x" } },
    { body: { error: "x", details: 1 }, expected: null },
    { body: { error: 1 }, expected: null },
    { body: {}, expected: null },
    { body: "gateway timeout", expected: null },
  ])("$body is read as $expected", ({ body, expected }) => {
    expect(parseErrorBody(encode(body))).toEqual(expected);
  });
});
