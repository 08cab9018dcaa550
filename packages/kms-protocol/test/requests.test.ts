import { describe, expect, test } from "vitest";

import {
  DEFAULT_BINDING,
  JSON_DEPTH_LIMIT,
  decodeAttestRequest,
  parseAttestRequest,
  parseChallengeRequest,
  parseGetKeyRequest,
} from "../src/index.ts";
import { VECTOR, bytes } from "./wire-vector.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);

const GET_KEY = {
  challengeId: VECTOR.challengeId,
  quoteB64: "AAAA",
  peerId: VECTOR.peerId,
  peerPublicKeyB64: VECTOR.peerPublicKeyB64,
  signatureB64: VECTOR.signatureB64,
};

describe("a challenge request", () => {
  const accepted = { ok: true, value: { peerId: "x" } };
  test.each([
    { name: "as nodes send it", body: '{"peerId":"x"}' },
    { name: "with blanks", body: ' \r\n\t{ "peerId" : "x" } \n' },
    { name: "with an unknown member", body: '{"peerId":"x","namespace":"y"}' },
    { name: "with an unknown member twice", body: '{"a":1,"peerId":"x","a":2}' },
    { name: "with its name in a nested object", body: '{"a":{"peerId":1,"peerId":2},"peerId":"x"}' },
    { name: "with its name as a value", body: '{"a":"peerId","b":["peerId",":"],"peerId":"x"}' },
    { name: "with its name inside a string", body: '{"a":"\\"peerId\\":1,{[","peerId":"x"}' },
    { name: "with a prototype as member", body: '{"__proto__":{"peerId":"evil"},"peerId":"x"}' },
    { name: "with an escaped name", body: '{"peer\\u0049d":"x"}' },
    { name: "nested as deep as allowed", body: `{"peerId":"x","a":${nested(JSON_DEPTH_LIMIT - 1)}}` },
  ])("is read $name", ({ body }) => {
    expect(parseChallengeRequest(encode(body))).toEqual(accepted);
  });

  test.each([
    { name: "nothing", body: "" },
    { name: "a truncated object", body: '{"peerId":"x"' },
    { name: "text behind", body: '{"peerId":"x"}x' },
    { name: "a second document", body: '{"peerId":"x"}{}' },
    { name: "single quotes", body: "{'peerId':'x'}" },
    { name: "a comment", body: '{"peerId":"x"/**/}' },
    { name: "a trailing comma", body: '{"peerId":"x",}' },
    { name: "a control character", body: '{"peerId":"\n"}' },
    { name: "a byte order mark", body: '\uFEFF{"peerId":"x"}' },
    { name: "one level too many", body: `{"peerId":"x","a":${nested(JSON_DEPTH_LIMIT)}}` },
    { name: "a duplicate in front of an error", body: '{"peerId":"x","peerId":"y"' },
  ])("that is $name is not JSON", ({ body }) => {
    expect(parseChallengeRequest(encode(body))).toEqual({ ok: false, error: { code: "request-not-json" } });
  });

  test("of invalid UTF-8 is not JSON", () => {
    const body = new Uint8Array([...encode('{"peerId":"'), 0xff, ...encode('"}')]);
    expect(parseChallengeRequest(body)).toEqual({ ok: false, error: { code: "request-not-json" } });
  });

  test("nested 30,000 levels deep is refused without a crash", () => {
    expect(parseChallengeRequest(encode(nested(30_000)))).toEqual({ ok: false, error: { code: "request-not-json" } });
  });

  test.each([
    { name: "a list", body: "[]", field: null, problem: "not-an-object" },
    { name: "null", body: "null", field: null, problem: "not-an-object" },
    { name: "a string", body: '"peerId"', field: null, problem: "not-an-object" },
    { name: "a number", body: "1", field: null, problem: "not-an-object" },
    { name: "an empty object", body: "{}", field: "peerId", problem: "missing" },
    { name: "a prototype only", body: '{"__proto__":{"peerId":"x"}}', field: "peerId", problem: "missing" },
    { name: "another case", body: '{"peerid":"x"}', field: "peerId", problem: "missing" },
    { name: "a number", body: '{"peerId":1}', field: "peerId", problem: "wrong-type" },
    { name: "null as peer id", body: '{"peerId":null}', field: "peerId", problem: "wrong-type" },
    { name: "a list as peer id", body: '{"peerId":["x"]}', field: "peerId", problem: "wrong-type" },
    { name: "the peer id twice", body: '{"peerId":"x","peerId":"x"}', field: "peerId", problem: "duplicate" },
    {
      name: "the peer id twice, once escaped",
      body: '{"peerId":"x","\\u0070eerId":"y"}',
      field: "peerId",
      problem: "duplicate",
    },
    {
      name: "the peer id behind a nested one",
      body: '{"peerId":{"peerId":1},"peerId":"y"}',
      field: "peerId",
      problem: "duplicate",
    },
  ])("with $name has the wrong shape", ({ body, field, problem }) => {
    expect(parseChallengeRequest(encode(body))).toEqual({
      ok: false,
      error: { code: "request-shape-invalid", field, problem },
    });
  });
});

function parseBody(body: string): unknown {
  return parseGetKeyRequest(encode(body));
}

describe("a key request", () => {
  test("is read as sent, nothing decoded", () => {
    const sent = { ...GET_KEY, quoteB64: "not base64!", later: true };
    expect(parseGetKeyRequest(encode(JSON.stringify(sent)))).toEqual({
      ok: true,
      value: { ...GET_KEY, quoteB64: "not base64!" },
    });
  });

  test("may name a key to seal to, as text and once", () => {
    const asked = { ...GET_KEY, wrapKeyB64: "not base64 either" };
    expect(parseBody(JSON.stringify(asked))).toEqual({ ok: true, value: asked });
    for (const wrapKeyB64 of [null, 1, [], {}]) {
      const error = { code: "request-shape-invalid", field: "wrapKeyB64", problem: "wrong-type" };
      expect(parseBody(JSON.stringify({ ...GET_KEY, wrapKeyB64 }))).toEqual({ ok: false, error });
    }
    const twice = JSON.stringify(asked).replace("{", '{"wrapKeyB64":"x",');
    const error = { code: "request-shape-invalid", field: "wrapKeyB64", problem: "duplicate" };
    expect(parseBody(twice)).toEqual({ ok: false, error });
  });

  test.each(Object.keys(GET_KEY))("needs %s once, as text", (field) => {
    const shape = (problem: string): unknown => ({
      ok: false,
      error: { code: "request-shape-invalid", field, problem },
    });
    expect(parseBody(JSON.stringify({ ...GET_KEY, [field]: undefined }))).toEqual(shape("missing"));
    expect(parseBody(JSON.stringify({ ...GET_KEY, [field]: 7 }))).toEqual(shape("wrong-type"));
    expect(parseBody(JSON.stringify(GET_KEY).replace("{", `{"${field}":"x",`))).toEqual(shape("duplicate"));
  });

  test("has a quote of any length that fits into the body limit", () => {
    const quoteB64 = "A".repeat(64_000);
    const parsed = parseGetKeyRequest(encode(JSON.stringify({ ...GET_KEY, quoteB64 })));
    expect(parsed).toMatchObject({ ok: true, value: { quoteB64 } });
  });
});

describe("an attestation request", () => {
  const { nonceB64 } = VECTOR;
  const nonce = bytes(VECTOR.nonceHex);

  test.each([
    { name: "no binding", body: { nonceB64 } },
    { name: "null as binding", body: { nonceB64, bindingB64: null } },
  ])("with $name means the default binding", ({ body }) => {
    const parsed = parseAttestRequest(encode(JSON.stringify(body)));
    expect(parsed).toEqual({ ok: true, value: { nonceB64 } });
    expect(parsed.ok && decodeAttestRequest(parsed.value)).toEqual({
      ok: true,
      value: { nonce, binding: DEFAULT_BINDING },
    });
  });

  test("may name its binding", () => {
    const bindingB64 = `${"B".repeat(42)}A=`;
    const parsed = parseAttestRequest(encode(JSON.stringify({ nonceB64, bindingB64 })));
    expect(parsed).toEqual({ ok: true, value: { nonceB64, bindingB64 } });
    const binding = new Uint8Array(Buffer.from(bindingB64, "base64"));
    expect(parsed.ok && decodeAttestRequest(parsed.value)).toEqual({ ok: true, value: { nonce, binding } });
  });

  test.each([
    { name: "no nonce", body: "{}", field: "nonceB64", problem: "missing" },
    { name: "null as nonce", body: '{"nonceB64":null}', field: "nonceB64", problem: "wrong-type" },
    { name: "a number as binding", body: '{"nonceB64":"","bindingB64":0}', field: "bindingB64", problem: "wrong-type" },
    {
      name: "an object as binding",
      body: '{"nonceB64":"","bindingB64":{}}',
      field: "bindingB64",
      problem: "wrong-type",
    },
    {
      name: "two bindings",
      body: '{"nonceB64":"","bindingB64":null,"bindingB64":null}',
      field: "bindingB64",
      problem: "duplicate",
    },
  ])("with $name has the wrong shape", ({ body, field, problem }) => {
    expect(parseAttestRequest(encode(body))).toEqual({
      ok: false,
      error: { code: "request-shape-invalid", field, problem },
    });
  });

  test("that is not JSON is refused as such", () => {
    expect(parseAttestRequest(encode("nonce"))).toEqual({ ok: false, error: { code: "request-not-json" } });
  });

  test.each([
    { name: "empty", text: "" },
    { name: "31 bytes", text: Buffer.alloc(31).toString("base64") },
    { name: "33 bytes", text: Buffer.alloc(33).toString("base64") },
    { name: "without padding", text: nonceB64.replace("=", "") },
    { name: "URL-safe", text: Buffer.alloc(32, 0xff).toString("base64url") },
    { name: "with unused bits", text: nonceB64.replace("j8=", "j9=") },
    { name: "with a line feed", text: `${nonceB64}\n` },
    { name: "hex", text: VECTOR.nonceHex },
  ])("with a value that is $name is refused in either place", ({ text }) => {
    const refusal = { code: "attest-request-invalid", problem: "not-32-bytes" };
    expect(decodeAttestRequest({ nonceB64: text })).toEqual({ ok: false, error: { ...refusal, field: "nonceB64" } });
    expect(decodeAttestRequest({ nonceB64, bindingB64: text })).toEqual({
      ok: false,
      error: { ...refusal, field: "bindingB64" },
    });
  });

  test.each([
    { head: "mero-kms-release", tail: 0 },
    { head: "mero-kms-release", tail: 0xff },
  ])("cannot choose a binding that begins with $head, whatever follows ($tail)", ({ head, tail }) => {
    const reserved = Buffer.alloc(32, tail);
    reserved.write(head);
    const error = { code: "attest-request-invalid", field: "bindingB64", problem: "reserved" };
    expect(decodeAttestRequest({ nonceB64, bindingB64: reserved.toString("base64") })).toEqual({ ok: false, error });
    // Anything else is the caller's, and so is a nonce that begins so.
    const nonceB64Reserved = reserved.toString("base64");
    reserved[15] = 0;
    expect(decodeAttestRequest({ nonceB64, bindingB64: reserved.toString("base64") }).ok).toBe(true);
    expect(decodeAttestRequest({ nonceB64: nonceB64Reserved }).ok).toBe(true);
  });
});
