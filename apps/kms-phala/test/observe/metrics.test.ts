import type { LightMyRequestResponse } from "fastify";
import { describe, expect, test } from "vitest";
import type { GuestAgent } from "../../src/guest-agent.ts";
import { createMetrics, type Metrics, type ScrapedState } from "../../src/observe/metrics.ts";
import { buildMetricsServer } from "../../src/observe/metrics-server.ts";
import { identifyPolicy } from "../../src/policy/policy-identity.ts";
import { fakeAgent, type Harness, keyOf, makePeer, mockQuote, quoteWith, startHarness } from "../harness.ts";

const peer = makePeer();

/** A scrape of a harness whose metrics these are. */
async function scrapeOf({ app }: Harness, metrics: Metrics, state: Partial<ScrapedState> = {}): Promise<string> {
  return metrics.scrape({
    readiness: app.readiness,
    profile: "locked-read-only",
    collateral: () => ({ platforms: [], isClockBehind: false }),
    policy: () => null,
    forecast: () => ({ accepted: 0, refused: 0, unknown: 0 }),
    ...state,
  });
}

/** The value of one series. */
function valueOf(page: string, series: string): number {
  const line = page.split("\n").find((text) => text.startsWith(`${series} `));
  return line === undefined ? Number.NaN : Number(line.slice(series.length + 1));
}

/** Names and labels of everything on a page. */
function seriesOf(page: string): readonly string[] {
  return page
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.slice(0, line.lastIndexOf(" ")))
    .toSorted();
}

async function start(options: Parameters<typeof startHarness>[0] = {}) {
  const metrics = createMetrics();
  const harness = await startHarness({ ...options, deps: { metrics, ...options.deps } });
  return { harness, metrics };
}

describe("metrics", () => {
  test("count decisions by code, keys by wire, and genuine quotes by status", async () => {
    const { harness, metrics } = await start();
    await harness.post("/get-key", await harness.request(peer));
    await harness.post("/get-key", await harness.request(peer, { quote: quoteWith({ profile: "debug" }) }));
    await harness.post("/get-key", await harness.request(peer, { quote: mockQuote }));
    await harness.app.inject({ method: "GET", url: "/nothing" });
    const page = await scrapeOf(harness, metrics);
    const answers = (endpoint: string, code: string): number =>
      valueOf(page, `mero_kms_answers_total{endpoint="${endpoint}",code="${code}"}`);
    expect(answers("/get-key", "ok")).toBe(1);
    expect(answers("/get-key", "measurements-refused")).toBe(1);
    expect(answers("/get-key", "mock-quote-refused")).toBe(1);
    expect(answers("/get-key", "tcb-status-refused")).toBe(0);
    expect(answers("/challenge", "ok")).toBe(3);
    expect(answers("unknown", "path-unknown")).toBe(1);
    expect(valueOf(page, 'mero_kms_keys_released_total{wire="plain",tcb_status="UpToDate"}')).toBe(1);
    expect(valueOf(page, 'mero_kms_quotes_verified_total{tcb_status="UpToDate"}')).toBe(2);
    await harness.app.close();
  });

  test("time each stage that a release goes through", async () => {
    const { harness, metrics } = await start();
    await harness.post("/get-key", await harness.request(peer));
    await harness.post("/attest", { nonceB64: Buffer.alloc(32, 7).toString("base64") });
    const page = await scrapeOf(harness, metrics);
    const stages = ["challenge-issue", "challenge-spend", "queue-get-key", "queue-attest", "pck-chain", "collateral"];
    for (const stage of [...stages, "quote-verify", "agent-key", "agent-quote", "audit"]) {
      expect({ stage, count: valueOf(page, `mero_kms_stage_seconds_count{stage="${stage}"}`) }).toEqual({
        stage,
        count: 1,
      });
    }
    await harness.app.close();
  });

  test("show what is in flight, what waits and what was turned away", async () => {
    const inner = fakeAgent();
    const gate = Promise.withResolvers<void>();
    const agent: GuestAgent = {
      ...inner,
      async quote(reportData) {
        await gate.promise;
        return inner.quote(reportData);
      },
    };
    const { harness, metrics } = await start({ env: { MAX_QUOTES_WAITING: "2" }, deps: { agent } });
    const nonceB64 = Buffer.alloc(32, 7).toString("base64");
    const asked = Array.from({ length: 11 }, () => harness.post("/attest", { nonceB64 }));
    expect((await Promise.race(asked)).statusCode).toBe(429);
    const during = await scrapeOf(harness, metrics);
    expect(valueOf(during, 'mero_kms_in_flight{work="attest"}')).toBe(8);
    expect(valueOf(during, 'mero_kms_waiting{work="attest"}')).toBe(2);
    expect(valueOf(during, 'mero_kms_turned_away_total{work="attest"}')).toBe(1);
    gate.resolve();
    await Promise.all(asked);
    const after = await scrapeOf(harness, metrics);
    expect(valueOf(after, 'mero_kms_in_flight{work="attest"}')).toBe(0);
    expect(valueOf(after, 'mero_kms_waiting{work="attest"}')).toBe(0);
    await harness.app.close();
  });

  test("show readiness, conditions, collateral and the identity of the policy", async () => {
    const { harness, metrics } = await start({ env: { SIMULATED_ROOT_CA_FILE: "/root-ca.pem" } });
    const held = {
      fmspc: "b0c06f000000",
      ca: "platform" as const,
      channel: "standard" as const,
      source: "intel",
      state: "valid" as const,
      fetchedAt: 1_000,
      ageSeconds: 3_600,
      validFrom: 0,
      expiresAt: 1_000 + 3_600 + 86_400 * 3,
      secondsLeft: 86_400 * 3,
      tcbEvaluationDataNumber: null,
      isRefreshing: false,
      consecutiveFailures: 2,
      lastFailure: null,
      failedSources: [],
      discardedAsOlder: 1,
    };
    const page = await scrapeOf(harness, metrics, {
      collateral: () => ({ platforms: [held, { ...held, ageSeconds: 60 }], isClockBehind: false }),
      policy: () => identifyPolicy("file", "2.4.0", "0f".repeat(32)),
      forecast: () => ({ accepted: 5, refused: 2, unknown: 1 }),
    });
    expect(valueOf(page, "mero_kms_ready")).toBe(1);
    expect(valueOf(page, 'mero_kms_ready_check{check="trustAnchor"}')).toBe(0.5);
    expect(valueOf(page, 'mero_kms_condition{code="simulated-root"}')).toBe(1);
    expect(valueOf(page, 'mero_kms_collateral_platforms{state="valid"}')).toBe(2);
    expect(valueOf(page, "mero_kms_collateral_age_seconds")).toBe(3_600);
    expect(valueOf(page, "mero_kms_collateral_days_left")).toBe(3);
    expect(valueOf(page, "mero_kms_collateral_failing_platforms")).toBe(2);
    const policy = `mero_kms_policy_info{source="file",tag="2.4.0",sha256="${"0f".repeat(32)}"}`;
    expect(valueOf(page, policy)).toBe(1);
    expect(valueOf(page, 'mero_kms_forecast_nodes{outcome="refused"}')).toBe(2);
    const later = await scrapeOf(harness, metrics, { policy: () => identifyPolicy("file", "2.4.1", null) });
    expect(valueOf(later, policy)).toBeNaN();
    expect(valueOf(later, "mero_kms_collateral_days_left")).toBeNaN();
    await harness.app.close();
  });
});

describe("an attack on metrics", () => {
  test("with names of a stranger's choosing makes no series", async () => {
    const { harness, metrics } = await start({ env: { MAX_RELEASES_IN_FLIGHT: "2", MAX_COLLATERAL_WAITS: "1" } });
    const round = async (mark: string): Promise<void> => {
      const body = await harness.request(makePeer());
      await harness.post("/get-key", { ...body, peerId: `${mark}\n# TYPE x counter\nx{a="b"} 1` });
      await harness.post("/get-key", { ...body, challengeId: mark });
      await harness.post("/get-key", { ...body, challengeId: Buffer.from(mark.padEnd(16)).toString("hex") });
      await harness.post("/get-key", await harness.request(makePeer()));
      await harness.post("/challenge", { peerId: mark });
      await harness.post("/attest", { nonceB64: mark });
      const urls = [`/${mark}`, `/health/${mark}`, `/get-key?${mark}`, `/%63hallenge/${mark}`, `/health?${mark}`];
      await Promise.all(
        urls.map(async (url): Promise<LightMyRequestResponse> =>
          harness.app.inject({ method: "GET", url, headers: { "user-agent": mark, "x-request-id": mark, host: mark } }),
        ),
      );
    };
    await round("planted-0");
    const first = seriesOf(await scrapeOf(harness, metrics));
    for (let index = 1; index < 20; index += 1) await round(`planted-${index}`);
    const page = await scrapeOf(harness, metrics);
    expect(seriesOf(page)).toEqual(first);
    expect(page).not.toContain("planted");
    await harness.app.close();
  });

  test("finds no key, nonce, signature, quote, peer id or kind of machine on the page", async () => {
    const { harness, metrics } = await start();
    const body = await harness.request(peer);
    expect((await harness.post("/get-key", body)).statusCode).toBe(200);
    const page = await scrapeOf(harness, metrics);
    const nonce = Buffer.from(body.quoteB64, "base64").subarray(568, 600);
    const fmspc = /"fmspc":"([0-9a-f]{12})"/.exec(harness.logs.join(""))?.[1] ?? "";
    expect(fmspc).toHaveLength(12);
    const secrets = [
      keyOf(`merod/storage/locked-read-only/${peer.peerId}`),
      nonce.toString("hex"),
      nonce.toString("base64"),
      body.signatureB64,
      body.peerPublicKeyB64,
      body.quoteB64.slice(0, 60),
      body.challengeId,
      peer.peerId,
      fmspc,
    ];
    expect(secrets.filter((secret) => page.includes(secret))).toEqual([]);
    await harness.app.close();
  });

  test("by asking for them makes one page a second", async () => {
    let now = 0;
    let scrapes = 0;
    const server = buildMetricsServer(
      () => {
        scrapes += 1;
        return Promise.resolve(`page ${scrapes}\n`);
      },
      () => now,
    );
    const flood = async (): Promise<Set<string>> => {
      const answers = await Promise.all(
        Array.from({ length: 300 }, async () => server.inject({ method: "GET", url: "/metrics" })),
      );
      return new Set(answers.map(({ statusCode, body }) => `${statusCode} ${body}`));
    };
    expect(await flood()).toEqual(new Set(["200 page 1\n"]));
    now += 999;
    expect(await flood()).toEqual(new Set(["200 page 1\n"]));
    now += 1;
    expect(await flood()).toEqual(new Set(["200 page 2\n"]));
    await server.close();
  });

  test("where nodes are served finds nothing, and where metrics are served nothing else", async () => {
    const { harness } = await start();
    expect((await harness.app.inject({ method: "GET", url: "/metrics" })).statusCode).toBe(404);
    const server = buildMetricsServer(
      () => Promise.reject(new Error("planted")),
      () => 0,
    );
    const [page, other, posted] = await Promise.all([
      server.inject({ method: "GET", url: "/metrics" }),
      server.inject({ method: "GET", url: "/get-key" }),
      server.inject({ method: "POST", url: "/metrics", payload: "x".repeat(100) }),
    ]);
    expect([page.statusCode, other.statusCode, posted.statusCode]).toEqual([500, 404, 404]);
    expect(page.body + other.body + posted.body).toBe("");
    await server.close();
    await harness.app.close();
  });
});
