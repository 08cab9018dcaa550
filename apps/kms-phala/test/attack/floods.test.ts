import { request } from "node:http";
import type { LightMyRequestResponse } from "fastify";
import { describe, expect, test } from "vitest";
import type { GuestAgent } from "../../src/guest-agent.ts";
import { createMetrics, type Metrics } from "../../src/observe/metrics.ts";
import { fakeAgent, type Harness, makePeer, startHarness } from "../harness.ts";

const NONCE_B64 = Buffer.alloc(32, 7).toString("base64");
const FLOOD = 200;

/** A guest agent whose quotes wait for a gate, and that says when the first has arrived. */
function gatedAgent(): { agent: GuestAgent; gate: PromiseWithResolvers<void>; arrived: () => number } {
  const inner = fakeAgent();
  const gate = Promise.withResolvers<void>();
  let count = 0;
  const agent: GuestAgent = {
    ...inner,
    async quote(reportData) {
      count += 1;
      await gate.promise;
      return inner.quote(reportData);
    },
  };
  return { agent, gate, arrived: () => count };
}

/** Metrics that say when work in flight and in the line has come to these numbers. */
function watchedMetrics() {
  const now = { inFlight: 0, waiting: 0 };
  let notify: (() => void) | null = null;
  const metrics: Metrics = {
    ...createMetrics(),
    inFlight(_work, by) {
      now.inFlight += by;
      notify?.();
    },
    waiting(_work, by) {
      now.waiting += by;
      notify?.();
    },
  };
  const reached = (wanted: typeof now): Promise<void> =>
    new Promise((resolve) => {
      notify = () => (now.inFlight === wanted.inFlight && now.waiting === wanted.waiting ? resolve() : undefined);
      notify();
    });
  return { metrics, reached };
}

async function attestFrom(
  { app }: Harness,
  remoteAddress: string,
  forwardedFor?: string,
): Promise<LightMyRequestResponse> {
  return app.inject({
    method: "POST",
    url: "/attest",
    remoteAddress,
    headers: {
      "content-type": "application/json",
      ...(forwardedFor === undefined ? {} : { "x-forwarded-for": forwardedFor }),
    },
    payload: JSON.stringify({ nonceB64: NONCE_B64 }),
  });
}

/** Resolves once so many of these have been answered. */
async function answered(asked: readonly Promise<unknown>[], count: number): Promise<void> {
  const enough = Promise.withResolvers<void>();
  let seen = 0;
  const note = (): void => {
    seen += 1;
    if (seen === count) enough.resolve();
  };
  for (const one of asked) void one.then(note);
  if (count > 0) await enough.promise;
}

describe("a flood of /attest", () => {
  test("within the stated bound refuses nobody, and those beyond it learn when to come back", async () => {
    const { agent, gate, arrived } = gatedAgent();
    const harness = await startHarness({ env: { MAX_QUOTES_WAITING: "20" }, deps: { agent } });
    const asked = Array.from({ length: 30 }, () => harness.post("/attest", { nonceB64: NONCE_B64 }));
    // 8 in flight, 20 in the line: two are refused, and at once.
    const first = await Promise.race(asked);
    expect(first.statusCode).toBe(429);
    expect(Number(first.headers["retry-after"])).toBeGreaterThan(0);
    expect(arrived()).toBe(8);
    await answered(asked, 2);
    gate.resolve();
    const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(28);
    await harness.app.close();
  });

  // Its own time limit is below that of the line, so a place that only its wait ends is held too long.
  test("from callers that hang up holds no place in the line", { timeout: 10_000 }, async () => {
    const { agent, gate } = gatedAgent();
    const { metrics, reached } = watchedMetrics();
    const harness = await startHarness({
      env: { MAX_QUOTES_WAITING: "1", MAX_QUOTE_WAIT_SECS: "15" },
      deps: { agent, metrics },
    });
    await harness.app.listen({ host: "127.0.0.1", port: 0 });
    const held = Array.from({ length: 8 }, () => harness.post("/attest", { nonceB64: NONCE_B64 }));
    await reached({ inFlight: 8, waiting: 0 });
    const caller = request(`${harness.app.listeningOrigin}/attest`, {
      method: "POST",
      headers: { "content-type": "application/json" },
    });
    caller.on("error", () => undefined).end(JSON.stringify({ nonceB64: NONCE_B64 }));
    await reached({ inFlight: 8, waiting: 1 });
    expect((await harness.post("/attest", { nonceB64: NONCE_B64 })).statusCode).toBe(429);
    caller.destroy();
    await reached({ inFlight: 8, waiting: 0 });
    const next = harness.post("/attest", { nonceB64: NONCE_B64 });
    gate.resolve();
    expect((await next).statusCode).toBe(200);
    expect(new Set((await Promise.all(held)).map(({ statusCode }) => statusCode))).toEqual(new Set([200]));
    await harness.app.close();
  });

  test("from one address leaves room for others, where a trusted proxy names addresses", async () => {
    const { agent, gate } = gatedAgent();
    const env = { TRUSTED_PROXIES: "10.0.0.0/8", MAX_PER_ADDRESS: "4", MAX_QUOTES_WAITING: "20" };
    const harness = await startHarness({ env, deps: { agent } });
    // The flooder writes addresses of its own choosing before the one that the proxy adds.
    const flood = Array.from({ length: 40 }, (_, index) =>
      attestFrom(harness, "10.0.0.1", `203.0.113.${index}, 198.51.100.7`),
    );
    await answered(flood, 36);
    const honest = attestFrom(harness, "10.0.0.1", "192.0.2.1");
    gate.resolve();
    expect((await honest).statusCode).toBe(200);
    const statuses = (await Promise.all(flood)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(4);
    await harness.app.close();
  });

  test.each([
    { name: "without a word on proxies", env: {}, served: 12 },
    { name: "for what a proxy sends without a name", env: { TRUSTED_PROXIES: "10.0.0.0/8" }, served: 12 },
    { name: "but for callers that come directly", env: { TRUSTED_PROXIES: "none" }, served: 2 },
    { name: "but for callers beside the proxy", env: { TRUSTED_PROXIES: "10.1.0.0/16" }, served: 2 },
  ])("from behind one address is not held to a share $name", async ({ env, served }) => {
    const { agent, gate } = gatedAgent();
    const harness = await startHarness({ env: { ...env, MAX_PER_ADDRESS: "2" }, deps: { agent } });
    const asked = Array.from({ length: 12 }, () => attestFrom(harness, "10.0.0.1"));
    await answered(asked, 12 - served);
    gate.resolve();
    const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(served);
    await harness.app.close();
  });

  test.each([
    { name: "the 2^64 addresses of one IPv6 network", of: (i: number) => `2001:db8:0:1::${i.toString(16)}`, served: 2 },
    { name: "addresses of several IPv6 networks", of: (i: number) => `2001:db8:${i.toString(16)}::1`, served: 12 },
    { name: "an IPv4 address in its IPv6 form", of: () => "::ffff:192.0.2.1", served: 2 },
  ])("counts $name as what they are", async ({ of, served }) => {
    const { agent, gate } = gatedAgent();
    const env = { TRUSTED_PROXIES: "none", MAX_PER_ADDRESS: "2" };
    const harness = await startHarness({ env, deps: { agent } });
    const asked = Array.from({ length: 12 }, (_, index) => attestFrom(harness, of(index)));
    await answered(asked, 12 - served);
    gate.resolve();
    const statuses = (await Promise.all(asked)).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 200)).toHaveLength(served);
    await harness.app.close();
  });
});

describe("a flood of bad /get-key", () => {
  test.each([
    { name: "for strangers", peerOf: () => makePeer().peerId },
    { name: "in the name of one victim", peerOf: (victim: string) => victim },
  ])("$name with made-up challenges takes nobody's place in the line", async ({ peerOf }) => {
    const inner = fakeAgent();
    const gate = Promise.withResolvers<void>();
    const atAgent = Promise.withResolvers<void>();
    const agent: GuestAgent = {
      ...inner,
      async deriveKey(path) {
        atAgent.resolve();
        await gate.promise;
        return inner.deriveKey(path);
      },
    };
    // One at a time, and one in the line: whoever takes a place is noticed.
    const env = { MAX_RELEASES_IN_FLIGHT: "2", MAX_COLLATERAL_WAITS: "1", MAX_RELEASES_WAITING: "1" };
    const harness = await startHarness({ env, deps: { agent } });
    const victim = makePeer();
    const body = await harness.request(victim);
    const others = [harness.post("/get-key", await harness.request(makePeer()))];
    await atAgent.promise;
    others.push(harness.post("/get-key", await harness.request(makePeer())));
    const flood = await Promise.all(
      Array.from({ length: FLOOD }, (_, index) =>
        harness.post("/get-key", {
          ...body,
          peerId: peerOf(victim.peerId),
          challengeId: index.toString(16).padStart(32, "f"),
        }),
      ),
    );
    // Refused while all slots are taken, and not for want of one.
    expect(new Set(flood.map(({ body: text }) => text))).toEqual(new Set(['{"error":"invalid_challenge"}']));
    const honest = harness.post("/get-key", body);
    gate.resolve();
    expect((await honest).statusCode).toBe(200);
    expect((await Promise.all(others)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    await harness.app.close();
  });
});
