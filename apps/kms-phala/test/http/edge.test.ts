import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, makePeer, startHarness } from "../harness.ts";

const JSON_TYPE = "application/json";
const LIMIT = 65_536;
const { peerId } = makePeer();
let harness: Harness;

beforeAll(async () => {
  harness = await startHarness();
});

afterAll(async () => {
  await harness.app.close();
});

interface Sent {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE" | "PATCH" | "HEAD" | "OPTIONS";
  readonly url?: string;
  readonly type?: string | undefined;
  readonly body?: string | Buffer;
}

async function send({ method = "POST", url = "/challenge", body, ...rest }: Sent) {
  const type = "type" in rest ? rest.type : JSON_TYPE;
  return harness.app.inject({
    method,
    url,
    headers: type === undefined ? {} : { "content-type": type },
    ...(body === undefined ? {} : { payload: body }),
  });
}

/** A valid challenge request, padded with an unknown field to an exact length in bytes. */
function bodyOfLength(bytes: number): string {
  const shortest = JSON.stringify({ peerId, pad: "" });
  return JSON.stringify({ peerId, pad: "x".repeat(bytes - shortest.length) });
}

function nested(levels: number): string {
  return `{"peerId":"${peerId}","deep":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
}

describe("paths and methods", () => {
  test.each([
    "/",
    "/readyz",
    "/challenge/",
    "/Challenge",
    "//challenge",
    "/challenge/x",
    "/health/",
    "/attest;x",
    "/%zz",
    "/get-key%00",
    "/%63hallenge",
    "/get%2Dkey",
    "/constructor",
    "/__proto__",
  ])("%s is unknown", async (url) => {
    for (const method of ["GET", "POST", "OPTIONS"] as const) {
      const answer = await send({ method, url, body: "{}" });
      expect({ method, status: answer.statusCode }).toEqual({ method, status: 404 });
      expect(answer.json()).toEqual({ error: "not_found" });
      expect(answer.headers["content-type"]).toBe("application/json");
    }
  });

  test.each([
    { url: "/health", allow: "GET, HEAD", methods: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"] },
    { url: "/challenge", allow: "POST", methods: ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] },
    { url: "/get-key", allow: "POST", methods: ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] },
    { url: "/attest?x=1", allow: "POST", methods: ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] },
  ] as const)("$url answers other methods with 405 and Allow: $allow", async ({ url, allow, methods }) => {
    for (const method of methods) {
      const answer = await send({ method, url, type: "text/plain", body: "x" });
      expect({ method, status: answer.statusCode }).toEqual({ method, status: 405 });
      expect(answer.headers["allow"]).toBe(allow);
      expect(answer.json()).toEqual({ error: "method_not_allowed" });
    }
  });

  test("HEAD of a path that is posted to is another method", async () => {
    const answer = await send({ method: "HEAD", url: "/attest" });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers["allow"]).toBe("POST");
  });

  test("a query changes nothing", async () => {
    const answer = await send({ url: "/challenge?peerId=other", body: JSON.stringify({ peerId }) });
    expect(answer.statusCode).toBe(200);
  });
});

describe("GET /health", () => {
  test("has two fields and no others", async () => {
    const answer = await harness.app.inject({ method: "GET", url: "/health" });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toBe('{"status":"alive","service":"mero-kms-phala"}');
  });

  test("answers HEAD like GET, without a body", async () => {
    const [get, head] = [
      await harness.app.inject({ method: "GET", url: "/health" }),
      await harness.app.inject({ method: "HEAD", url: "/health" }),
    ];
    expect(head.statusCode).toBe(200);
    expect(head.body).toBe("");
    expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });
});

describe("content types", () => {
  test.each([
    "application/json",
    "Application/JSON",
    "application/json; charset=utf-8",
    'application/json;profile="a;b"',
    "application/ld+json",
    "application/vnd.calimero.v1+json; x=y",
  ])("%s is accepted", async (type) => {
    expect((await send({ type, body: JSON.stringify({ peerId }) })).statusCode).toBe(200);
  });

  test.each([
    undefined,
    "",
    "text/plain",
    "text/json",
    "application/jsonp",
    "application/json-seq",
    "application/+json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "json",
    "application",
    "text/plain, application/json",
  ])("%s is 415", async (type) => {
    const answer = await send({ type, body: JSON.stringify({ peerId }) });
    expect(answer.statusCode).toBe(415);
    expect(answer.json()).toEqual({ error: "unsupported_media_type" });
  });
});

describe("body size", () => {
  test("65,536 bytes are read", async () => {
    expect((await send({ body: bodyOfLength(LIMIT) })).statusCode).toBe(200);
  });

  test("65,537 bytes are 413", async () => {
    const answer = await send({ body: bodyOfLength(LIMIT + 1) });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toEqual({ error: "payload_too_large" });
    expect(answer.headers["cache-control"]).toBe("no-store");
  });
});

describe("JSON syntax", () => {
  test.each([
    { name: "an empty body", body: "" },
    { name: "blanks", body: "  \n" },
    { name: "a truncated object", body: `{"peerId":"${peerId}"` },
    { name: "trailing characters", body: `{"peerId":"${peerId}"}x` },
    { name: "two documents", body: `{"peerId":"${peerId}"}{}` },
    { name: "a trailing comma", body: `{"peerId":"${peerId}",}` },
    { name: "a comment", body: `{"peerId":"${peerId}"/**/}` },
    { name: "single quotes", body: `{'peerId':'${peerId}'}` },
    { name: "a byte order mark", body: `\ufeff{"peerId":"${peerId}"}` },
    { name: "invalid UTF-8", body: Buffer.concat([Buffer.from('{"peerId":"'), Buffer.of(0xff), Buffer.from('"}')]) },
    { name: "UTF-16", body: Buffer.from(`{"peerId":"${peerId}"}`, "utf16le") },
    { name: "129 levels", body: nested(129) },
    { name: "very many levels", body: "[".repeat(60_000) },
    { name: "very many levels that end", body: "[".repeat(30_000) + "]".repeat(30_000) },
    { name: "NaN", body: '{"peerId":NaN}' },
  ])("$name is 400", async ({ body }) => {
    const answer = await send({ body });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: "invalid_request" });
  });

  test("128 levels are read", async () => {
    expect((await send({ body: nested(128) })).statusCode).toBe(200);
  });
});

describe("JSON shape", () => {
  test.each([
    { name: "a missing field", body: "{}" },
    { name: "null", body: '{"peerId":null}' },
    { name: "a number", body: '{"peerId":1}' },
    { name: "an array", body: `{"peerId":["${peerId}"]}` },
    { name: "a field that is there twice", body: `{"peerId":"${peerId}","peerId":"${peerId}"}` },
    { name: "a field twice in two spellings", body: `{"peerId":"${peerId}","peer\\u0049d":"${peerId}"}` },
    { name: "the wrong letter case", body: `{"peerid":"${peerId}"}` },
    { name: "no object but an array", body: `["${peerId}"]` },
    { name: "no object but a string", body: `"${peerId}"` },
    { name: "no object but null", body: "null" },
    { name: "a field of the prototype", body: `{"__proto__":{"peerId":"${peerId}"}}` },
    { name: "a field one level down", body: `{"x":{"peerId":"${peerId}"}}` },
  ])("$name is 422", async ({ body }) => {
    const answer = await send({ body });
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ error: "invalid_request" });
  });

  test.each(["challengeId", "quoteB64", "peerId", "peerPublicKeyB64", "signatureB64"])(
    "/get-key without %s is 422",
    async (name) => {
      const body: Record<string, unknown> = await harness.request(makePeer());
      expect((await harness.post("/get-key", { ...body, [name]: 1 })).statusCode).toBe(422);
      const { [name]: _left, ...rest } = body;
      expect((await harness.post("/get-key", rest)).statusCode).toBe(422);
    },
  );

  test("unknown fields are ignored, whatever they hold and however often", async () => {
    const body = `{"x":1,"peerId":"${peerId}","x":{"a":1,"a":2},"wrapKeyB64":null,"toString":1,"__proto__":2}`;
    expect((await send({ body })).statusCode).toBe(200);
  });
});

describe("the order in which requests are refused", () => {
  const tooLong = "x".repeat(LIMIT + 1);

  test.each([
    {
      name: "path before method, type and size",
      sent: { method: "PUT", url: "/x", type: "text/plain", body: tooLong },
      status: 404,
    },
    { name: "method before type and size", sent: { method: "PUT", type: "text/plain", body: tooLong }, status: 405 },
    { name: "type before size", sent: { type: "text/plain", body: tooLong }, status: 415 },
    { name: "size before syntax", sent: { body: tooLong }, status: 413 },
    { name: "syntax before shape", sent: { body: '{"peerId":1,' }, status: 400 },
    { name: "shape before the handler", sent: { url: "/get-key", body: '{"peerId":"x"}' }, status: 422 },
  ] as const)("$name: $status", async ({ sent, status }) => {
    expect((await send(sent)).statusCode).toBe(status);
  });
});

describe("every answer", () => {
  test.each([
    { sent: { body: JSON.stringify({ peerId }) }, status: 200 },
    { sent: { body: "{}" }, status: 422 },
    { sent: { method: "GET" }, status: 405 },
    { sent: { type: "text/plain" }, status: 415 },
  ] as const)("is not to be stored, names its request and no server software ($status)", async ({ sent, status }) => {
    const answer = await send(sent);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(
      Object.keys(answer.headers).filter((name) => /^(?:access-control-|x-powered-by|server$)/.test(name)),
    ).toEqual([]);
  });

  test("of a bug is a bare 500", async () => {
    const broken = await startHarness({
      deps: {
        challenges: {
          issue: () => Promise.reject(new Error("planted secret")),
          open: () => ({ ok: true, value: { spend: () => Promise.reject(new Error("planted secret")) } }),
        },
      },
    });
    const answer = await broken.post("/challenge", { peerId });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).toBe('{"error":"internal_error"}');
    expect(answer.headers["cache-control"]).toBe("no-store");
    await broken.app.close();
  });

  test("that is not what its schema says is a bare 500 too", async () => {
    const broken = await startHarness({
      deps: {
        challenges: {
          issue: async () => ({ ok: true, value: { challengeId: "short", nonce: new Uint8Array(32), expiresAt: 1 } }),
          open: () => ({ ok: false, error: "challenge-unknown" }),
        },
      },
    });
    const answer = await broken.post("/challenge", { peerId });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).toBe('{"error":"internal_error"}');
    await broken.app.close();
  });
});
