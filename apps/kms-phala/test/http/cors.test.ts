import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, makePeer, startHarness } from "../harness.ts";

const ORIGIN = "https://app.example";
const VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness({ env: { CORS_ALLOWED_ORIGINS: `${ORIGIN},http://127.0.0.1:5173` } });
});

afterAll(async () => {
  await harness.app.close();
});

function corsHeaders(headers: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("access-control-")));
}

describe("with named origins", () => {
  test.each([
    { method: "GET", url: "/health", status: 200 },
    { method: "POST", url: "/challenge", status: 200 },
    { method: "POST", url: "/attest", status: 422 },
    { method: "PUT", url: "/attest", status: 405 },
    { method: "GET", url: "/unknown", status: 404 },
  ] as const)("$method $url lets pages of a named origin read the answer", async ({ method, url, status }) => {
    const answer = await harness.app.inject({
      method,
      url,
      headers: { origin: ORIGIN, "content-type": "application/json" },
      payload: JSON.stringify({ peerId: makePeer().peerId }),
    });
    expect(answer.statusCode).toBe(status);
    expect(corsHeaders(answer.headers)).toEqual({ "access-control-allow-origin": ORIGIN });
    expect(answer.headers["vary"]).toBe(VARY);
  });

  test.each([
    "https://evil.example",
    "https://app.example.evil.example",
    "https://APP.example",
    "null",
    "http://app.example",
  ])("%s gets a normal answer without the allow header", async (origin) => {
    const answer = await harness.app.inject({ method: "GET", url: "/health", headers: { origin } });
    expect(answer.statusCode).toBe(200);
    expect(corsHeaders(answer.headers)).toEqual({});
    expect(answer.headers["vary"]).toBe(VARY);
  });

  test("a preflight is answered with methods and headers, without credentials", async () => {
    const answer = await harness.app.inject({
      method: "OPTIONS",
      url: "/get-key",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
      },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe("");
    expect(corsHeaders(answer.headers)).toEqual({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "GET,POST",
      "access-control-allow-headers": "*",
    });
  });

  test("a preflight of another origin lacks the allow header", async () => {
    const answer = await harness.app.inject({
      method: "OPTIONS",
      url: "/get-key",
      headers: { origin: "https://evil.example" },
    });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("without named origins", () => {
  test("no answer has a CORS header, and OPTIONS is a method like any other", async () => {
    const closed = await startHarness();
    const get = await closed.app.inject({ method: "GET", url: "/health", headers: { origin: ORIGIN } });
    const options = await closed.app.inject({
      method: "OPTIONS",
      url: "/get-key",
      headers: { origin: ORIGIN, "access-control-request-method": "POST" },
    });
    expect(options.statusCode).toBe(405);
    for (const answer of [get, options]) {
      expect(corsHeaders(answer.headers)).toEqual({});
      expect(answer.headers).not.toHaveProperty("vary");
    }
    await closed.app.close();
  });
});
