import { describe, expect, test } from "vitest";

import { parsePeerId } from "../../src/index.ts";
import { type KmsClient, type PostPort, createKmsClient, isSecureKmsUrl, parseKmsUrl } from "../../src/client/index.ts";
import { VECTOR, unwrap } from "../wire-vector.ts";
import { FAKE_KEY, fakeKms, refusal } from "./fake-kms.ts";

const PEER_ID = unwrap(parsePeerId(VECTOR.peerId));
const BASE_URL = "https://kms.example";

function clientOf(fetch: PostPort, timeoutMs = 5_000): KmsClient {
  return unwrap(createKmsClient({ baseUrl: BASE_URL, fetch, timeoutMs }));
}

/** A port that answers everything alike. */
const always =
  (response: () => Response | Promise<Response>): PostPort =>
  async () =>
    response();

describe("the address of a KMS", () => {
  test.each([
    { baseUrl: "https://kms.example", url: "https://kms.example/challenge" },
    { baseUrl: "https://kms.example/", url: "https://kms.example/challenge" },
    { baseUrl: "http://127.0.0.1:8080", url: "http://127.0.0.1:8080/challenge" },
    { baseUrl: "https://kms.example/prefix", url: "https://kms.example/prefix/challenge" },
    { baseUrl: "https://kms.example/a/b/", url: "https://kms.example/a/b/challenge" },
  ])("$baseUrl leads to $url", async ({ baseUrl, url }) => {
    const kms = fakeKms();
    const client = unwrap(createKmsClient({ baseUrl, fetch: kms.fetch }));
    expect((await client.challenge(PEER_ID)).ok).toBe(true);
    expect(kms.arrived.map((request) => request.url)).toEqual([url]);
  });

  test.each([
    { baseUrl: "", reason: "not a URL" },
    { baseUrl: "kms.example", reason: "not a URL" },
    { baseUrl: "kms.example:443", reason: "neither https nor http" },
    { baseUrl: "ftp://kms.example", reason: "neither https nor http" },
    { baseUrl: "file:///etc/passwd", reason: "neither https nor http" },
    { baseUrl: "https://user@kms.example", reason: "credentials" },
    { baseUrl: "https://:secret@kms.example", reason: "credentials" },
    { baseUrl: "https://kms.example/?a=b", reason: "query or fragment" },
    { baseUrl: "https://kms.example/#a", reason: "query or fragment" },
  ])("$baseUrl is refused", ({ baseUrl, reason }) => {
    const { fetch } = fakeKms();
    expect(createKmsClient({ baseUrl, fetch })).toEqual({ ok: false, error: { code: "kms-url-invalid", reason } });
  });

  test.each([
    { text: "https://kms.example", isSecure: true },
    { text: "http://127.0.0.1:8080", isSecure: true },
    { text: "http://127.9.9.9", isSecure: true },
    { text: "http://[::1]:8080", isSecure: true },
    { text: "http://localhost:8080", isSecure: false },
    { text: "http://kms.example", isSecure: false },
    { text: "http://127.0.0.1.example", isSecure: false },
    { text: "http://10.0.0.1", isSecure: false },
    { text: "http://[::ffff:127.0.0.1]", isSecure: false },
  ])("$text is secure enough: $isSecure", ({ text, isSecure }) => {
    expect(isSecureKmsUrl(unwrap(parseKmsUrl(text)))).toBe(isSecure);
  });
});

describe("a request", () => {
  test("is one JSON POST that forbids redirects", async () => {
    const kms = fakeKms();
    await clientOf(kms.fetch).challenge(PEER_ID);
    expect(kms.arrived[0]?.init).toMatchObject({
      method: "POST",
      redirect: "manual",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ peerId: VECTOR.peerId }),
    });
  });
});

describe("an answer", () => {
  test("gives the key as a secret", async () => {
    const key = await clientOf(always(() => Response.json({ key: FAKE_KEY }))).getKey({
      challengeId: "",
      quoteB64: "",
      peerId: "",
      peerPublicKeyB64: "",
      signatureB64: "",
    });
    expect(key.ok && key.value.use((bytes) => Buffer.from(bytes).toString("hex"))).toBe(FAKE_KEY);
    expect(JSON.stringify(key)).not.toContain(FAKE_KEY.slice(0, 8));
  });

  test.each([200, 201, 299])("with status %i counts", async (status) => {
    const fetch = always(() => Response.json({ challengeId: "a", nonceB64: VECTOR.nonceB64 }, { status }));
    expect((await clientOf(fetch).challenge(PEER_ID)).ok).toBe(true);
  });

  test.each([
    {
      name: "an error of a KMS",
      response: () => refusal("peer-id-malformed", "no such peer"),
      error: { status: 400, tag: "invalid_peer_id", details: "no such peer" },
    },
    {
      name: "an error without details",
      response: () => refusal("rate-limited"),
      error: { status: 429, tag: "rate_limited", details: null },
    },
    {
      name: "a gateway's page",
      response: () => new Response("<h1>Bad gateway</h1>", { status: 502 }),
      error: { status: 502, tag: null, details: "<h1>Bad gateway</h1>" },
    },
    {
      name: "an empty refusal",
      response: () => new Response(null, { status: 404 }),
      error: { status: 404, tag: null, details: null },
    },
    {
      name: "a redirect, which is not followed",
      response: () => new Response(null, { status: 307, headers: { location: "https://evil.example/" } }),
      error: { status: 307, tag: null, details: null },
    },
  ])("that is $name is a refusal", async ({ response, error }) => {
    let calls = 0;
    const fetch = always(() => {
      calls += 1;
      return response();
    });
    expect(await clientOf(fetch).challenge(PEER_ID)).toEqual({ ok: false, error: { code: "kms-refused", ...error } });
    expect(calls).toBe(1);
  });

  test("longer than its limit is cut off and refused", async () => {
    let isCancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1_024)),
      cancel: () => {
        isCancelled = true;
      },
    });
    expect(await clientOf(always(() => new Response(endless))).challenge(PEER_ID)).toEqual({
      ok: false,
      error: { code: "kms-answer-too-large", limitBytes: 65_536 },
    });
    expect(isCancelled).toBe(true);
  });

  test("as long as its limit is read", async () => {
    const answer = JSON.stringify({ challengeId: "a", nonceB64: VECTOR.nonceB64 });
    const fetch = always(() => new Response(answer.padEnd(65_536)));
    expect((await clientOf(fetch).challenge(PEER_ID)).ok).toBe(true);
  });

  test("without a body is not JSON", async () => {
    expect(await clientOf(always(() => new Response(null))).challenge(PEER_ID)).toEqual({
      ok: false,
      error: { code: "answer-not-json" },
    });
  });
});

describe("a transport that fails", () => {
  test("is named by its system code", async () => {
    const cause = Object.assign(new Error("connect ECONNREFUSED 10.1.2.3:443"), { code: "ECONNREFUSED" });
    expect(await clientOf(() => Promise.reject(new TypeError("fetch failed", { cause }))).challenge(PEER_ID)).toEqual({
      ok: false,
      error: { code: "kms-unreachable", reason: "ECONNREFUSED" },
    });
  });

  test("is named by its message otherwise", async () => {
    expect(await clientOf(() => Promise.reject(new Error("x".repeat(300)))).challenge(PEER_ID)).toEqual({
      ok: false,
      error: { code: "kms-unreachable", reason: "x".repeat(200) },
    });
  });

  test("that throws what is no error is a failure all the same", async () => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is the point
    const client = clientOf(() => Promise.reject("text"));
    expect(await client.challenge(PEER_ID)).toMatchObject({ error: { code: "kms-unreachable" } });
  });

  test("while the body arrives is a failure", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
    expect(await clientOf(always(() => new Response(broken))).challenge(PEER_ID)).toEqual({
      ok: false,
      error: { code: "kms-unreachable", reason: "reset" },
    });
  });

  test.each([
    { name: "before the answer", response: () => new Promise<Response>(() => {}) },
    {
      name: "in the middle of the body",
      response: () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) })),
    },
  ])("by silence $name ends with the deadline, even where the port ignores the signal", async ({ response }) => {
    expect(await clientOf(always(response), 20).challenge(PEER_ID)).toEqual({
      ok: false,
      error: { code: "kms-timeout", timeoutMs: 20 },
    });
  });
});
