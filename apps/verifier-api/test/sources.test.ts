import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { collateralAnswerSchema } from "../src/wire/collateral-answer.ts";
import { itaAppraisalSchema, itaKeysSchema } from "../src/wire/ita-answers.ts";
import { assetEnvelopeSchema, releaseListSchema } from "../src/wire/release-answers.ts";
import { verifyAnswerSchema } from "../src/wire/verify-answer.ts";
import type { ServiceWorld } from "./service-world.ts";
import { listen, type SimulatedWorld, startSimulatedWorld } from "./simulated-world.ts";

let world: SimulatedWorld;

beforeAll(async () => {
  world = await startSimulatedWorld();
});

afterEach(() => {
  world.simulator.changeTokens({});
});

afterAll(() => world.close());

const REPO = "/calimero-network/mero-tee/releases/download";
const POLICY = "kms-phala-attestation-policy.locked-read-only.json";

async function jsonOf(response: Response): Promise<unknown> {
  return await response.json();
}

async function codeOf(response: Response): Promise<readonly [number, unknown]> {
  return [response.status, z.object({ code: z.string() }).parse(await response.json()).code];
}

/** A release host that changes what the simulated one says. */
async function releaseHost(change: (path: string, body: Buffer) => Buffer | number) {
  const host = await listen((request, response) => {
    void (async () => {
      const path = request.url ?? "";
      const answer = await fetch(world.simulator.url + path);
      const changed = answer.status === 200 ? change(path, Buffer.from(await answer.arrayBuffer())) : answer.status;
      if (typeof changed === "number") response.writeHead(changed).end();
      else response.writeHead(200).end(changed);
    })();
  });
  return { RELEASE_API_URL: host.url, RELEASE_DOWNLOAD_URL: host.url };
}

describe("GET /api/policy, /api/node-policy, /api/compat-map", () => {
  test.each([
    { path: "/api/policy?tag=mero-kms-v0.0.0", file: `mero-kms-v0.0.0/${POLICY}` },
    {
      path: "/api/policy?tag=mero-kms-v0.0.0&profile=debug",
      file: "mero-kms-v0.0.0/kms-phala-attestation-policy.debug.json",
    },
    { path: "/api/compat-map?tag=mero-kms-v0.0.0", file: "mero-kms-v0.0.0/kms-phala-compatibility-map.json" },
  ])("$path gives the released bytes", async ({ path, file }) => {
    const released = await (await fetch(`${world.simulator.url}${REPO}/${file}`)).text();
    const answer = await world.serve().get(path);
    expect(await answer.text()).toBe(released);
    expect(answer.headers.get("cache-control")).toBe("public, max-age=300, stale-while-revalidate=86400");
  });

  test("gives the profiles of nodes alone, spelled as the document spells them", async () => {
    const released = await (await fetch(`${world.simulator.url}${REPO}/mero-tee-v0.0.0/published-mrtds.json`)).text();
    const answer = await (await world.serve().get("/api/node-policy?tag=mero-tee-v0.0.0")).text();
    expect(Object.keys(JSON.parse(answer))).toEqual(["profiles"]);
    expect(JSON.parse(answer).profiles).toEqual(JSON.parse(released).profiles);
    expect(released).toContain(answer.slice(`{"profiles":`.length, -1));
  });

  test.each([
    { path: "/api/policy?tag=mero-kms-v0.0.0", tag: "mero-kms-v0.0.0", asset: POLICY },
    { path: "/api/node-policy?tag=mero-tee-v0.0.0", tag: "mero-tee-v0.0.0", asset: "published-mrtds.json" },
  ])("$path in an envelope holds the exact bytes and their signatures", async ({ path, tag, asset }) => {
    const released = Buffer.from(await (await fetch(`${world.simulator.url}${REPO}/${tag}/${asset}`)).arrayBuffer());
    const envelope = assetEnvelopeSchema.parse(await jsonOf(await world.serve().get(`${path}&envelope=1`)));
    expect(Buffer.from(envelope.bytes_b64, "base64").equals(released)).toBe(true);
    expect(envelope).toMatchObject({
      asset,
      tag,
      sha256: createHash("sha256").update(released).digest("hex"),
      bundle: { mediaType: expect.stringContaining("sigstore") },
      sig_b64: expect.any(String),
      cert_pem: expect.any(String),
    });
  });

  test.each([
    { path: "/api/policy", code: "bad_tag", status: 400 },
    { path: "/api/policy?tag=mero-tee-v0.0.0", code: "bad_tag", status: 400 },
    { path: "/api/policy?tag=mero-kms-v..", code: "bad_tag", status: 400 },
    { path: "/api/policy?tag=mero-kms-v0.0.0%2f..", code: "bad_tag", status: 400 },
    { path: "/api/policy?tag=mero-kms-v0.0.0&profile=other", code: "bad_profile", status: 400 },
    { path: "/api/policy?tag=mero-kms-v0.0.0&envelope=yes", code: "bad_query", status: 400 },
    { path: "/api/policy?tag=mero-kms-v9.9.9", code: "release_not_found", status: 404 },
    { path: "/api/node-policy?tag=mero-tee-v9.9.9", code: "release_not_found", status: 404 },
  ])("$path is $code", async ({ path, code, status }) => {
    expect(await codeOf(await world.serve().get(path))).toEqual([status, code]);
  });

  test.each([
    {
      name: "changed after it was signed",
      change: (path: string, body: Buffer) => (path.endsWith(POLICY) ? Buffer.concat([body, Buffer.from(" ")]) : body),
      code: "upstream_bad_signature",
    },
    {
      name: "signed by nobody",
      change: (path: string, body: Buffer) => (/\.(?:sigstore\.json|bundle\.json|sig|pem)$/.test(path) ? 404 : body),
      code: "upstream_bad_signature",
    },
    {
      name: "whose bundle does not come, although it exists",
      change: (path: string, body: Buffer) => (path.endsWith(".sigstore.json") ? 500 : body),
      code: "release_source_error",
    },
    {
      name: "whose bundle is that of another file",
      change: (path: string, body: Buffer) => (path.endsWith(".sigstore.json") ? Buffer.from("{}") : body),
      code: "upstream_bad_signature",
    },
    {
      name: "that the host refuses",
      change: (path: string, body: Buffer) => (path.endsWith(POLICY) ? 503 : body),
      code: "release_source_error",
    },
    {
      name: "larger than any document",
      change: (path: string, body: Buffer) => (path.endsWith(POLICY) ? Buffer.alloc(3 * 1024 * 1024, 32) : body),
      code: "release_source_error",
    },
  ])("passes on no file $name", async ({ change, code }) => {
    const served = world.serve({ env: await releaseHost(change) });
    expect(await codeOf(await served.get("/api/policy?tag=mero-kms-v0.0.0"))).toEqual([502, code]);
  });

  test("passes on a file with a bare signature: its readers tell the two apart", async () => {
    const env = await releaseHost((path, body) => (/bundle\.json$|sigstore\.json$/.test(path) ? 404 : body));
    const envelope = assetEnvelopeSchema.parse(
      await jsonOf(await world.serve({ env }).get("/api/policy?tag=mero-kms-v0.0.0&envelope=1")),
    );
    expect(envelope).toMatchObject({ bundle: null, sig_b64: expect.any(String), cert_pem: expect.any(String) });
  });

  test("passes on no file of the other lane's workflow", async () => {
    const env = { SIGSTORE_IDENTITY_KMS: "https://github.com/evil/repo/.github/workflows/x.yaml@refs/heads/master" };
    const answer = await world.serve({ env }).get("/api/policy?tag=mero-kms-v0.0.0");
    expect(await codeOf(answer)).toEqual([502, "upstream_bad_signature"]);
  });
});

describe("GET /api/releases and /api/catalog", () => {
  // Mistake 19.
  test("list a family, the newest version first", async () => {
    const listed = ["0.9.0", "0.10.0-rc.2", "0.10.0-rc.11", "0.10.0", "0.2.0"].map((version) => ({
      tag_name: `mero-kms-v${version}`,
      published_at: "2026-01-01T00:00:00Z",
      draft: version === "0.2.0",
      prerelease: version.includes("rc"),
      assets: [{ name: POLICY }, { name: "../evil" }],
    }));
    const others = [{ tag_name: "mero-tee-v9.0.0", published_at: "2026-01-01T00:00:00Z", assets: [] }];
    const env = await releaseHost(() => Buffer.from(JSON.stringify([...listed, ...others])));
    const list = releaseListSchema.parse(await jsonOf(await world.serve({ env }).get("/api/releases?family=kms")));
    expect(list.releases.map(({ version, newest, prerelease }) => [version, newest, prerelease])).toEqual([
      ["0.10.0", true, false],
      ["0.10.0-rc.11", false, true],
      ["0.10.0-rc.2", false, true],
      ["0.9.0", false, false],
    ]);
    expect(list.releases[0]?.assets).toEqual([POLICY]);
  });

  test.each([
    "/api/releases",
    "/api/releases?family=verifier",
    "/api/releases?family=kms&limit=0",
    "/api/releases?family=kms&limit=51",
  ])("%s is bad_query", async (path) => {
    expect(await codeOf(await world.serve().get(path))).toEqual([400, "bad_query"]);
  });

  test("serve what they had for a day when the host is down, and say so; without anything they fail", async () => {
    const down = { is: false };
    const env = await releaseHost((_path, body) => (down.is ? 503 : body));
    const served = world.serve({ env });
    const ask = async () => await served.get("/api/releases?family=kms");
    expect(releaseListSchema.parse(await jsonOf(await ask())).stale).toBe(false);
    down.is = true;
    const start = world.clock.ms;
    world.clock.ms = start + 23 * 3_600_000;
    expect(releaseListSchema.parse(await jsonOf(await ask()))).toMatchObject({ stale: true });
    expect(await jsonOf(await served.get("/api/health"))).toMatchObject({
      status: "ok",
      checks: { releases: "stale" },
    });
    world.clock.ms = start + 24 * 3_600_000;
    expect(await codeOf(await ask())).toEqual([502, "release_source_error"]);
    expect(await jsonOf(await served.get("/api/health"))).toMatchObject({
      status: "degraded",
      checks: { releases: "down" },
    });
    world.clock.ms = start;
  });

  test("fail where the host takes too long", async () => {
    const host = await listen(() => undefined);
    const env = { RELEASE_API_URL: host.url, RELEASE_DOWNLOAD_URL: host.url, COLLATERAL_URL: host.url };
    const served = world.serve({ env, upstreamMs: 200 });
    for (const path of ["/api/catalog", "/api/policy?tag=mero-kms-v0.0.0", collateralPath("53494d000000")]) {
      expect([path, await codeOf(await served.get(path))]).toEqual([path, [504, "upstream_timeout"]]);
    }
  });

  test("give the catalog as it is", async () => {
    expect(await (await world.serve().get("/api/catalog")).text()).toBe('{"schema_version":1,"releases":[]}');
  });

  test("ask with the token of the operator, and with nothing of the caller", async () => {
    const seen: unknown[] = [];
    const host = await listen((request, response) => {
      seen.push([request.url, request.headers.authorization, request.headers.cookie]);
      response.writeHead(200).end("[]");
    });
    const env = { RELEASE_API_URL: host.url, RELEASE_DOWNLOAD_URL: host.url, GITHUB_TOKEN: "ghs_secret" };
    const served = world.serve({ env });
    await served.get("/api/releases?family=kms", { cookie: "a=b", authorization: "Bearer caller" });
    await served.get("/api/policy?tag=mero-kms-v1.0.0");
    expect(seen[0]).toEqual(["/repos/calimero-network/mero-tee/releases?per_page=100", "Bearer ghs_secret", undefined]);
    expect(seen.slice(1).every((request) => !JSON.stringify(request).includes("ghs_secret"))).toBe(true);
    expect(seen).toHaveLength(6);
  });
});

function collateralPath(fmspc: string, more = ""): string {
  return `/api/collateral?fmspc=${fmspc}&ca=platform${more}`;
}

describe("GET /api/collateral", () => {
  test("gives both editions as Intel's service gives them", async () => {
    const served = world.serve();
    const standard = collateralAnswerSchema.parse(
      await jsonOf(await served.get(collateralPath(world.platform.fmspc.toUpperCase()))),
    );
    const early = collateralAnswerSchema.parse(
      await jsonOf(await served.get(collateralPath(world.platform.fmspc, "&update=early"))),
    );
    expect(standard).toMatchObject({ fmspc: world.platform.fmspc, update: "standard", stale: false });
    expect(standard.tcb_info).not.toBe(early.tcb_info);
    expect(JSON.parse(standard.tcb_info)).toMatchObject({ id: "TDX", fmspc: world.platform.fmspc.toUpperCase() });
  });

  test("may be kept until an hour before it ends, six at most", async () => {
    const answer = await world.serve().get(collateralPath(world.platform.fmspc));
    expect(answer.headers.get("cache-control")).toBe("public, max-age=21600");
  });

  test.each([
    { query: "fmspc=00&ca=platform", status: 400, code: "bad_query" },
    { query: "fmspc=53494d000000&ca=root", status: 400, code: "bad_query" },
    { query: "fmspc=53494d000000&ca=platform&update=late", status: 400, code: "bad_query" },
    { query: "fmspc=ffffffffffff&ca=platform", status: 404, code: "platform_unknown" },
  ])("$query is $code", async ({ query, status, code }) => {
    expect(await codeOf(await world.serve().get(`/api/collateral?${query}`))).toEqual([status, code]);
  });

  test("asks once for all who wait, and not again while a set is fresh", async () => {
    const served = world.serve();
    await Promise.all([1, 2, 3].map(() => served.get(collateralPath(world.platform.fmspc))));
    await served.get(collateralPath(world.platform.fmspc));
    expect(served.dialled).toHaveLength(4);
  });

  test.each([
    { name: "is down", answer: 503, code: "collateral_source_error" },
    { name: "gives what is no collateral", answer: 200, code: "collateral_source_error" },
  ])("fails where the source $name", async ({ answer, code }) => {
    const source = await listen((_request, response) => void response.writeHead(answer).end("{}"));
    const served = world.serve({ env: { COLLATERAL_URL: source.url } });
    expect(await codeOf(await served.get(collateralPath(world.platform.fmspc)))).toEqual([502, code]);
    expect(await jsonOf(await served.get("/api/health"))).toMatchObject({ checks: { collateral: "down" } });
  });
});

async function quoteB64(): Promise<string> {
  const { quote } = await world.platform.issueQuote({ reportData: crypto.getRandomValues(new Uint8Array(64)) });
  return Buffer.from(quote).toString("base64");
}

async function opinion(served: ServiceWorld, headers: Record<string, string> = {}, quote?: string) {
  const attestation = { quoteB64: quote ?? (await quoteB64()) };
  const answer = await served.post("/api/verify", { v: 2, attestation, collateral: false }, headers);
  const { ita, ita_token_verified: isVerified, ita_claims: claims } = verifyAnswerSchema.parse(await jsonOf(answer));
  return { status: ita.status, isVerified, hasClaims: claims !== null };
}

describe("Intel Trust Authority", () => {
  const agreed = { status: "ok", isVerified: true, hasClaims: true };
  const rejected = { status: "rejected", isVerified: false, hasClaims: false };

  test("is asked once for a quote in ten minutes, with one header for its key", async () => {
    const asked: unknown[] = [];
    const authority = await listen((request, response) => {
      void (async () => {
        const body = Buffer.concat(await Array.fromAsync(request)).toString();
        const headers = Object.keys(request.headers).filter((name) => /key|auth/.test(name));
        if (request.method === "POST") asked.push([headers, Object.keys(JSON.parse(body))]);
        const answer = await fetch(world.simulator.url + (request.url ?? ""), {
          method: request.method ?? "GET",
          ...(body === "" ? {} : { body }),
        });
        response.writeHead(answer.status).end(await answer.text());
      })();
    });
    const served = world.serve({ env: { ITA_APPRAISAL_URL: `${authority.url}/appraisal/v2/attest` } });
    const quote = await quoteB64();
    expect(await opinion(served, {}, quote)).toEqual(agreed);
    expect(await opinion(served, {}, quote)).toEqual(agreed);
    expect(asked).toEqual([[["x-api-key"], ["tdx", "policy_ids", "policy_must_match", "token_signing_alg"]]]);
    // The token lives for five minutes, and is not given again in its last.
    world.clock.ms += 241_000;
    expect(await opinion(served, {}, quote)).toEqual(agreed);
    expect(asked).toHaveLength(2);
  });

  test.each([
    { name: "no algorithm", changes: { header: { alg: "none" } } },
    { name: "an algorithm of shared secrets", changes: { header: { alg: "HS256" } } },
    { name: "a key that nobody published", changes: { header: { kid: "other" } } },
    { name: "another issuer", changes: { claims: { iss: "https://evil.example" } } },
    { name: "an end in the past", changes: { claims: { exp: 1 } } },
    { name: "a beginning in the future", changes: { claims: { nbf: 9_999_999_999 } } },
  ])("is not repeated where its token has $name", async ({ changes }) => {
    world.simulator.changeTokens(changes);
    expect(await opinion(world.serve())).toEqual(rejected);
  });

  // Mistake 18.
  test("is not asked for pages of other sites, unless the operator says so", async () => {
    const origin = "https://other.example";
    const none = { status: "not_requested", isVerified: false, hasClaims: false };
    expect(await opinion(world.serve(), { origin })).toEqual(none);
    expect(await opinion(world.serve({ env: { CORS_ITA_ORIGINS: origin } }), { origin })).toEqual(agreed);
    expect(await opinion(world.serve(), { origin: "https://verifier.calimero.network" })).toEqual(agreed);
  });

  test("is no part of an answer without a key, and that is no error", async () => {
    expect(await opinion(world.serve({ env: { ITA_API_KEY: "" } }))).toMatchObject({ status: "not_configured" });
  });

  test.each([401, 429, 500])("is unavailable where it answers %s, and the rest comes all the same", async (status) => {
    const authority = await listen(
      (_request, response) => void response.writeHead(status, { "retry-after": "7" }).end("key"),
    );
    const env = { ITA_APPRAISAL_URL: `${authority.url}/appraisal/v2/attest` };
    expect(await opinion(world.serve({ env }))).toEqual({ status: "unavailable", isVerified: false, hasClaims: false });
  });

  test("is asked at most as often as its own limits say", async () => {
    const served = world.serve({ env: { RATE_LIMIT_ITA: "1/min" } });
    expect(await opinion(served)).toEqual(agreed);
    expect(await opinion(served)).toMatchObject({ status: "unavailable" });
  });

  test("can be asked alone, and gives its keys", async () => {
    const served = world.serve();
    const answer = await served.post("/api/ita/appraise", { quote_b64: await quoteB64() });
    expect(itaAppraisalSchema.parse(await jsonOf(answer))).toMatchObject({ region: "us" });
    const keys = itaKeysSchema.parse(await jsonOf(await served.get("/api/ita/keys")));
    expect(keys).toMatchObject({
      portal: world.simulator.url,
      keys: [{ kty: "RSA", x5c: [expect.any(String), expect.any(String)] }],
    });
  });

  test.each([
    { body: { quote_b64: "AAAA" }, status: 400, code: "bad_quote" },
    { body: { quote: "AAAA" }, status: 400, code: "bad_json" },
    { body: { quote_b64: "A".repeat(140_000) }, status: 413, code: "too_large" },
  ])("is not asked with $code", async ({ body, status, code }) => {
    expect(await codeOf(await world.serve().post("/api/ita/appraise", body))).toEqual([status, code]);
  });

  test("tells a caller of its patience for how long to wait", async () => {
    const authority = await listen((_request, response) => void response.writeHead(429, { "retry-after": "7" }).end());
    const served = world.serve({ env: { ITA_APPRAISAL_URL: `${authority.url}/appraisal/v2/attest` } });
    const answer = await served.post("/api/ita/appraise", { quote_b64: await quoteB64() });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "7"]);
  });
});
