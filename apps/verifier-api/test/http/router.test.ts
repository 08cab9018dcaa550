import { describe, expect, test } from "vitest";
import { problemSchema } from "../../src/wire/problem-schema.ts";
import { ENDPOINTS } from "../../src/wire/endpoints.ts";
import { createWorld } from "../service-world.ts";

async function problemOf(response: Response) {
  return problemSchema.parse(await response.json());
}

const PATHS = Object.entries(ENDPOINTS);

describe("every endpoint", () => {
  test.each(PATHS)("%s lets pages of all origins read it, and keeps no cookie", async (path, method) => {
    const { service } = createWorld();
    const response = await service.answer(
      new Request(`https://verifier.example${path}`, {
        method,
        headers: { origin: "https://other.example", cookie: "a=b" },
      }),
    );
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": method === "GET" ? "cross-origin" : "same-site",
      vary: "Origin",
      "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(response.headers.has("set-cookie")).toBe(false);
    expect(response.headers.has("access-control-allow-credentials")).toBe(false);
    expect(response.headers.has("x-mero-insecure")).toBe(false);
  });

  test.each(PATHS)("%s answers a preflight for ten minutes", async (path, method) => {
    const { service } = createWorld();
    const response = await service.answer(new Request(`https://verifier.example${path}`, { method: "OPTIONS" }));
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-methods": `${method}, OPTIONS`,
      "access-control-allow-headers": "content-type",
      "access-control-max-age": "600",
    });
  });

  test.each(PATHS)("%s takes no other method", async (path, method) => {
    const { service } = createWorld();
    for (const other of ["PUT", "DELETE", method === "GET" ? "POST" : "GET"]) {
      const response = await service.answer(new Request(`https://verifier.example${path}`, { method: other }));
      expect([response.status, response.headers.get("allow")]).toEqual([405, `${method}, OPTIONS`]);
      expect((await problemOf(response)).code).toBe("method_not_allowed");
    }
  });

  test.each(PATHS)("%s refuses what a verifier sends", async (path, method) => {
    const { service } = createWorld();
    const headers = { "x-mero-verifier": "1" };
    const response = await service.answer(new Request(`https://verifier.example${path}`, { method, headers }));
    expect([response.status, (await problemOf(response)).code]).toEqual([508, "loop_detected"]);
  });
});

describe("a problem", () => {
  test("has the form of RFC 9457, and says the same in one text", async () => {
    const { get } = createWorld();
    const response = await get("/api/releases?family=none");
    const problem = await problemOf(response);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(problem).toEqual({
      type: "https://verifier.calimero.network/errors/bad_query",
      title: "The query is not what this endpoint takes",
      status: 400,
      detail: "family is kms or node.",
      instance: response.headers.get("x-request-id"),
      code: "bad_query",
      error: "The query is not what this endpoint takes: family is kms or node.",
    });
  });

  test("is told of a path that is none", async () => {
    const { get } = createWorld();
    for (const path of ["/api", "/api/nothing", "/api/__proto__", "/api/verify/x", "/api//verify"]) {
      const response = await get(path);
      expect([response.status, (await problemOf(response)).code]).toEqual([404, "endpoint_unknown"]);
    }
  });

  test("of this service's own says nothing of what went wrong, and the log does", async () => {
    const limiter = {
      draw: async () => {
        throw new Error("the limiter broke: secret");
      },
    };
    const { get, log } = createWorld({ limiter });
    const response = await get("/api/health");
    const problem = await problemOf(response);
    expect([response.status, problem.code]).toEqual([500, "internal_error"]);
    expect(JSON.stringify(problem)).not.toContain("secret");
    expect(log).toMatchObject([{ requestId: problem.instance, bug: expect.stringContaining("the limiter broke") }]);
  });
});

describe("the limits", () => {
  test("are counted by caller, told in headers, and end with how long to wait", async () => {
    const { service } = createWorld({ env: { RATE_LIMIT_RELEASES: "2/min" }, nowMs: () => 0 });
    const ask = (peer: string) => service.answer(new Request("https://verifier.example/api/health"), peer);
    expect((await ask("198.41.0.1")).headers.get("ratelimit-remaining")).toBe("1");
    await ask("198.41.0.2");
    const refused = await ask("198.41.0.3");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("30");
    expect((await problemOf(refused)).code).toBe("rate_limited");
    expect((await ask("198.41.1.1")).status).toBe(200);
  });

  test("protect a target from all callers together", async () => {
    const { service, dialled } = createWorld({ env: { RATE_LIMIT_TARGET: "2/min" }, nowMs: () => 0 });
    const codes: string[] = [];
    for (let caller = 0; caller < 4; caller += 1) {
      const request = new Request("https://verifier.example/api/verify", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ v: 2, node_url: "http://34.65.123.45" }),
      });
      codes.push((await problemOf(await service.answer(request, `198.41.${caller}.1`))).code);
    }
    expect(codes).toEqual(["target_unreachable", "target_unreachable", "rate_limited", "rate_limited"]);
    expect(dialled).toHaveLength(2);
  });
});

describe("a setting at fault", () => {
  test.each([
    { env: { KMS_ALLOWED_HOSTS: "(" }, closed: ["/api/verify"] },
    {
      env: { RELEASE_REPO: "?" },
      closed: ["/api/policy", "/api/node-policy", "/api/compat-map", "/api/releases", "/api/catalog"],
    },
    { env: { COLLATERAL_URL: "?" }, closed: ["/api/collateral"] },
    { env: { ITA_PORTAL_URL: "?" }, closed: ["/api/ita/keys", "/api/ita/appraise"] },
    { env: { TRUST_PROXY: "?" }, closed: PATHS.map(([path]) => path).filter((path) => path !== "/api/health") },
  ])("closes the endpoints that need it and no others: $closed", async ({ env, closed }) => {
    const { service, get } = createWorld({ env });
    const refused: string[] = [];
    for (const [path, method] of PATHS) {
      const response = await service.answer(new Request(`https://verifier.example${path}`, { method }));
      const body = await response.text();
      if (body.includes(`"not_configured"`)) refused.push(path);
    }
    expect(refused).toEqual(PATHS.map(([path]) => path).filter((path) => closed.includes(path)));
    const health: unknown = await (await get("/api/health")).json();
    expect(health).toMatchObject({ status: "degraded", checks: { config: Object.keys(env) } });
  });
});

describe("the log", () => {
  test("has neither addresses nor quotes nor nonces", async () => {
    const { post, log } = createWorld();
    const nonce = Buffer.alloc(32, 7).toString("base64");
    await post("/api/verify", { v: 2, kms_url: "https://a.phala.network", nonce_b64: nonce });
    const text = JSON.stringify(log);
    expect(log).toMatchObject([{ endpoint: "/api/verify", method: "POST", status: 502, code: "target_unreachable" }]);
    for (const secret of ["phala", nonce, "34.65", "198.41"]) expect(text).not.toContain(secret);
  });
});

describe("the development switch", () => {
  test("shows on every answer", async () => {
    const { get } = createWorld({ env: { ALLOW_PRIVATE_TARGETS: "1" } });
    for (const path of ["/api/health", "/api/nothing"]) {
      expect((await get(path)).headers.get("x-mero-insecure")).toBe("private-targets");
    }
  });
});

test("more requests than one instance takes are refused before they cost anything", async () => {
  const { post, dialled } = createWorld({ hangs: true });
  const ask = () => post("/api/verify", { v: 2, node_url: "http://34.65.123.45" });
  for (let held = 0; held < 128; held += 1) void ask();
  await expect.poll(() => dialled.length).toBe(128);
  const refused = await ask();
  expect([refused.status, refused.headers.get("retry-after"), (await problemOf(refused)).code]).toEqual([
    503,
    "2",
    "overloaded",
  ]);
});
