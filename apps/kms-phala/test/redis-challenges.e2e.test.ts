import { createHash } from "node:crypto";
import { performance } from "node:perf_hooks";
import { SecretBytes } from "@mero-tee/kms-protocol";
import { ok } from "@mero-tee/tdx-quote/result";
import { afterEach, describe, expect, test } from "vitest";
import { createSharedChallengeStore, type SharedChallengeStore } from "../src/challenge/shared-challenge-store.ts";
import type { SharedSetError } from "../src/challenge/shared-spent-set.ts";
import { parseRedisUrl } from "../src/config/redis-url.ts";
import { createRedisSpentSet, type RedisSpentOptions } from "../src/redis-spent-client.ts";
import { startChild } from "./e2e/child.ts";
import { freePort, type RedisProcess, startRedis } from "./e2e/redis-process.ts";
import { REDIS_SERVER } from "./e2e/redis-server.ts";
import { startTcpProxy, type TcpProxy } from "./e2e/tcp-proxy.ts";
import { createTestCertificates, HAS_OPENSSL } from "./e2e/test-certificates.ts";
import { printSince, until } from "./e2e/until.ts";
import { makePeer } from "./peers.ts";
import { spendChallenge } from "./challenge/spend-challenge.ts";

// With a real Redis and the real clock; everything on loopback.
const TIMEOUT_MS = 500;
const PASSWORD = "planted:pass/word@1";
const peer = makePeer().peerId;
const UNAVAILABLE = { ok: false, error: "challenge-store-unavailable" };

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).toReversed()) await thing.close();
});

function kept<T extends { close(): Promise<void> | void }>(thing: T): T {
  open.push(thing);
  return thing;
}

interface Instance {
  readonly store: SharedChallengeStore;
  readonly reports: (SharedSetError | null)[];
}

async function startInstance(url: string, options: Partial<RedisSpentOptions> = {}): Promise<Instance> {
  const target = parseRedisUrl(url);
  if (!target.ok) throw new Error(target.error);
  const reports: (SharedSetError | null)[] = [];
  const store = createSharedChallengeStore({
    ttlSeconds: 60,
    profile: "locked-read-only",
    spent: createRedisSpentSet({
      target: target.value,
      sentinelPassword: () => null,
      timeoutMs: TIMEOUT_MS,
      tlsCa: null,
      ...options,
    }),
    agent: {
      deriveKey: (path) =>
        Promise.resolve(ok(new SecretBytes(new Uint8Array(createHash("sha256").update(path).digest())))),
    },
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    schedule(work, delayMs) {
      const timer = setTimeout(work, delayMs);
      return () => clearTimeout(timer);
    },
    observe: (problem) => void reports.push(problem),
  });
  open.push({ close: () => store.stop() });
  await store.start();
  return { store, reports };
}

async function challengeOf({ store }: Instance): Promise<string> {
  const issued = await store.issue(peer);
  if (!issued.ok) throw new Error(issued.error);
  return issued.value.challengeId;
}

/** Resolves once an instance has found out that it cannot use its Redis. */
function noticed({ reports }: Instance): Promise<void> {
  return until(() => reports.at(-1) !== null);
}

/** Resolves once an instance issues challenges again, and prints how long that took. */
async function recovered(instance: Instance, from: string): Promise<void> {
  const start = performance.now();
  await until(async () => (await instance.store.issue(peer)).ok);
  printSince(`recovery from ${from}`, start);
}

/** Of racers over all instances with one challenge, how many win. */
async function winners(instances: readonly Instance[], id: string): Promise<number> {
  const outcomes = await Promise.all(
    instances.flatMap(({ store }) => Array.from({ length: 8 }, () => spendChallenge(store, id, peer))),
  );
  return outcomes.filter((outcome) => outcome.ok).length;
}

interface Standalone {
  readonly redis: RedisProcess;
  readonly proxy: TcpProxy;
  readonly instances: readonly [Instance, Instance, Instance];
}

/** Three instances and one Redis, with a network between them. */
async function standalone(args: readonly string[] = []): Promise<Standalone> {
  const redis = kept(await startRedis({ password: PASSWORD, args }));
  const proxy = kept(await startTcpProxy({ host: "127.0.0.1", port: redis.port }));
  const url = `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${proxy.port}`;
  return { redis, proxy, instances: [await startInstance(url), await startInstance(url), await startInstance(url)] };
}

describe.skipIf(REDIS_SERVER === null)("instances that share one Redis", () => {
  test("take each other's challenges, and each challenge has exactly one winner", async () => {
    const { instances, redis } = await standalone();
    for (const instance of [...instances, ...instances]) {
      expect(await winners(instances, await challengeOf(instance))).toBe(1);
    }
    const [key] = [await redis.command("keys", "*spent*")].flat();
    expect(Number(await redis.command("ttl", String(key)))).toBeGreaterThan(60);
  });

  test("take nothing while it is gone after kill -9, and serve again by themselves", async () => {
    const { instances, redis } = await standalone();
    const [a, b] = instances;
    const [used, unused] = [await challengeOf(a), await challengeOf(a)];
    expect(await spendChallenge(b.store, used, peer)).toMatchObject({ ok: true });
    await redis.kill();
    for (const instance of instances) await noticed(instance);
    for (const { store } of instances) {
      expect(await spendChallenge(store, used, peer)).toEqual(UNAVAILABLE);
      expect(await spendChallenge(store, unused, peer)).toEqual(UNAVAILABLE);
      expect(await store.issue(peer)).toEqual(UNAVAILABLE);
    }
    await redis.restart();
    await recovered(a, "kill -9 of Redis");
    await recovered(b, "kill -9 of Redis, another instance");
    // It came back empty: what was open is void, since nobody knows what was spent.
    expect(await spendChallenge(a.store, used, peer)).toEqual({ ok: false, error: "challenge-unknown" });
    expect(await spendChallenge(b.store, unused, peer)).toEqual({ ok: false, error: "challenge-unknown" });
    expect(await spendChallenge(b.store, await challengeOf(a), peer)).toMatchObject({ ok: true });
  });

  test("take nothing that was open before it was restored from an older state", async () => {
    const { instances, redis } = await standalone();
    const [a, b] = instances;
    const used = await challengeOf(a);
    await redis.command("save");
    expect(await spendChallenge(b.store, used, peer)).toMatchObject({ ok: true });
    await redis.kill();
    await noticed(a);
    await redis.restart();
    await recovered(a, "a restart from an older state");
    // The generation's key came back with the snapshot; the spent entry did not.
    expect(await redis.command("keys", "*")).toEqual(["mero-kms:{challenges}:generation"]);
    expect(await spendChallenge(a.store, used, peer)).toEqual({ ok: false, error: "challenge-unknown" });
  });

  test("void every open challenge when it is flushed", async () => {
    const { instances, redis } = await standalone();
    const [a, b] = instances;
    const used = await challengeOf(a);
    expect(await spendChallenge(b.store, used, peer)).toMatchObject({ ok: true });
    await redis.command("flushall");
    for (const { store } of instances) expect(await spendChallenge(store, used, peer)).toEqual(UNAVAILABLE);
    for (const instance of instances) await until(() => instance.reports.at(-1) === null);
    for (const { store } of instances) {
      expect(await spendChallenge(store, used, peer)).toEqual({ ok: false, error: "challenge-unknown" });
    }
    expect(await winners(instances, await challengeOf(a))).toBe(1);
  });

  test.each([
    { name: "paused", stop: ({ redis }: Standalone) => redis.pause(), go: ({ redis }: Standalone) => redis.resume() },
    { name: "cut off", stop: ({ proxy }: Standalone) => proxy.cut(), go: ({ proxy }: Standalone) => proxy.heal() },
  ])(
    "answer within their time limit while it is $name, and no challenge ever has two winners",
    async ({ name, stop, go }) => {
      const setup = await standalone();
      const { instances } = setup;
      const [a, b] = instances;
      const id = await challengeOf(a);
      stop(setup);
      // The server may still carry out what it was sent; nobody is told so, and nobody wins by it.
      expect(await winners(instances, id)).toBe(0);
      expect(a.reports.at(-1)).toEqual({ code: "redis-timeout" });
      go(setup);
      for (const instance of instances) await recovered(instance, `a Redis that was ${name}`);
      expect(await winners(instances, id)).toBeLessThanOrEqual(1);
      expect(await winners(instances, id)).toBe(0);
      expect(await winners(instances, await challengeOf(b))).toBe(1);
    },
  );

  test("take nothing while its memory is full, nor where it evicts", async () => {
    const { instances, redis } = await standalone();
    const [a, b] = instances;
    await redis.command("config", "set", "maxmemory", "1");
    expect(await spendChallenge(a.store, await challengeOf(b), peer)).toEqual(UNAVAILABLE);
    expect(a.reports).toContainEqual({ code: "redis-refused", word: "OOM" });
    await redis.command("config", "set", "maxmemory-policy", "volatile-lru");
    await redis.command("config", "set", "maxmemory", "0");
    await until(() => a.reports.at(-1)?.code === "redis-evicts");
    expect(a.reports.at(-1)).toEqual({ code: "redis-evicts", word: "volatile-lru" });
    expect(await a.store.issue(peer)).toEqual(UNAVAILABLE);
    await redis.command("config", "set", "maxmemory-policy", "noeviction");
    await recovered(a, "a Redis that evicts");
  });

  test("say why they are refused, in one word, and never with what", async () => {
    const { redis } = await standalone();
    const wrong = await startInstance(`redis://someone:planted-wrong@127.0.0.1:${redis.port}`);
    const none = await startInstance(`redis://127.0.0.1:${redis.port}`);
    const nowhere = await startInstance(`redis://:planted-wrong@127.0.0.1:${await freePort()}`);
    expect(wrong.reports).toEqual([{ code: "redis-refused", word: "WRONGPASS" }]);
    expect(none.reports).toEqual([{ code: "redis-refused", word: "NOAUTH" }]);
    expect(nowhere.reports).toEqual([{ code: "redis-unreachable", word: "ECONNREFUSED" }]);
    for (const { store } of [wrong, none, nowhere]) expect(await store.issue(peer)).toEqual(UNAVAILABLE);
  });
});

describe.skipIf(REDIS_SERVER === null)("a failover that loses the last write", () => {
  test("has lost the entry, and voids what was open instead of taking it twice", async () => {
    const { redis: primary, proxy, instances } = await standalone();
    const [a, b] = instances;
    const replica = kept(await startRedis({ password: PASSWORD }));
    // Replication runs through a network of its own, which is cut before the last write.
    const link = kept(await startTcpProxy({ host: "127.0.0.1", port: primary.port }));
    await replica.command("replicaof", "127.0.0.1", String(link.port));
    await until(async () => String(await replica.command("info", "replication")).includes("master_link_status:up"));
    // A server that gets its first replica takes another replication id, which voids what is open for once.
    await until(async () => {
      const issued = await a.store.issue(peer);
      return issued.ok && (await spendChallenge(b.store, issued.value.challengeId, peer)).ok;
    });
    const used = await challengeOf(b);
    const entry = `mero-kms:{challenges}:spent:${used}`;
    link.cut();
    expect(await spendChallenge(b.store, used, peer)).toMatchObject({ ok: true });
    expect(await primary.command("exists", entry)).toBe(1);
    await primary.kill();
    for (const instance of [a, b]) await noticed(instance);
    await replica.command("replicaof", "no", "one");
    // Lost: the replica knows the generation, and nothing of this challenge.
    expect(await replica.command("exists", "mero-kms:{challenges}:generation")).toBe(1);
    expect(await replica.command("exists", entry)).toBe(0);
    proxy.leadTo({ host: "127.0.0.1", port: replica.port });
    await recovered(a, "a failover");
    expect(await spendChallenge(a.store, used, peer)).toEqual({ ok: false, error: "challenge-unknown" });
    await recovered(b, "a failover, another instance");
    expect(await winners([a, b], await challengeOf(a))).toBe(1);
  });
});

describe.skipIf(REDIS_SERVER === null)("other ways to reach Redis", () => {
  test("a three-node cluster: one winner, also while the node that keeps the entries dies and returns", async () => {
    const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"];
    const nodes = [
      kept(await startRedis({ password: PASSWORD, args })),
      kept(await startRedis({ password: PASSWORD, args })),
      kept(await startRedis({ password: PASSWORD, args })),
    ];
    for (const [index, node] of nodes.entries()) {
      await node.command("cluster", "set-config-epoch", String(index + 1));
      await node.command(
        "cluster",
        "addslotsrange",
        String(index * 5462),
        String(Math.min(16_383, index * 5462 + 5461)),
      );
      await node.command("cluster", "meet", "127.0.0.1", String(nodes[0]?.port));
    }
    for (const node of nodes) {
      await until(async () => {
        const info = String(await node.command("cluster", "info"));
        return info.includes("cluster_state:ok") && info.includes("cluster_known_nodes:3");
      });
    }
    const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
    const url = `redis+cluster://:${encodeURIComponent(PASSWORD)}@${hosts}`;
    const instances = [await startInstance(url), await startInstance(url), await startInstance(url)] as const;
    const [a] = instances;
    for (const instance of instances) expect(await winners(instances, await challengeOf(instance))).toBe(1);
    // The generation and the entries must be lost together, so one node keeps them all.
    const sizes = await Promise.all(nodes.map((node) => node.command("dbsize")));
    expect(sizes.map(Number).toSorted((one, other) => one - other)).toEqual([0, 0, 4]);
    const keeper = nodes[sizes.indexOf(4)];
    if (keeper === undefined) throw new Error("no node keeps the entries");
    const used = await challengeOf(a);
    expect(await spendChallenge(a.store, used, peer)).toMatchObject({ ok: true });
    await keeper.kill();
    for (const { store } of instances) expect(await spendChallenge(store, used, peer)).toEqual(UNAVAILABLE);
    await keeper.restart();
    for (const instance of instances) await recovered(instance, "kill -9 of the cluster's node");
    expect(await winners(instances, used)).toBe(0);
    expect(await winners(instances, await challengeOf(a))).toBe(1);
  });

  test("a socket: one winner", async () => {
    const redis = kept(await startRedis({ password: PASSWORD, args: ["--unixsocket", "redis.sock"] }));
    const url = `unix://:${encodeURIComponent(PASSWORD)}@${redis.directory}/redis.sock`;
    const instances = [await startInstance(url), await startInstance(url)] as const;
    expect(await winners(instances, await challengeOf(instances[0]))).toBe(1);
  });

  test.skipIf(!HAS_OPENSSL)("TLS: only to a server whose certificate leads to the authority and names it", async () => {
    const authority = kept(await createTestCertificates());
    const startTlsRedis = async (name: string): Promise<string> => {
      const { certFile, keyFile } = await authority.issue(name);
      const port = String(await freePort());
      const files = ["--tls-cert-file", certFile, "--tls-key-file", keyFile, "--tls-ca-cert-file", authority.caFile];
      kept(await startRedis({ password: PASSWORD, args: ["--tls-port", port, "--tls-auth-clients", "no", ...files] }));
      return `rediss://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
    };
    const url = await startTlsRedis("IP:127.0.0.1");
    const trusted = await startInstance(url, { tlsCa: authority.caPem });
    expect(await winners([trusted], await challengeOf(trusted))).toBe(1);
    const untrusted = await startInstance(url);
    expect(untrusted.reports).toEqual([{ code: "redis-unreachable", word: "SELF_SIGNED_CERT_IN_CHAIN" }]);
    const misnamed = await startInstance(await startTlsRedis("DNS:other.example"), { tlsCa: authority.caPem });
    expect(misnamed.reports).toEqual([{ code: "redis-unreachable", word: "ERR_TLS_CERT_ALTNAME_INVALID" }]);
    for (const { store } of [untrusted, misnamed]) expect(await store.issue(peer)).toEqual(UNAVAILABLE);
  });

  test("Sentinel: a promoted replica takes over, and what was open before is void", async () => {
    const primary = kept(await startRedis({ password: PASSWORD }));
    const replica = kept(
      await startRedis({ password: PASSWORD, args: ["--replicaof", "127.0.0.1", String(primary.port)] }),
    );
    const sentinel = await startSentinel(primary.port);
    const url = `redis+sentinel://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${sentinel}/kms`;
    const a = await startInstance(url, { sentinelPassword: () => "planted-sentinel" });
    const b = await startInstance(url, { sentinelPassword: () => "planted-sentinel" });
    const used = await challengeOf(a);
    expect(await winners([a, b], used)).toBe(1);
    await until(async () => String(await replica.command("info", "replication")).includes("master_link_status:up"));
    await primary.kill();
    for (const instance of [a, b]) await noticed(instance);
    await recovered(a, "kill -9 of the primary behind Sentinel");
    await recovered(b, "kill -9 of the primary behind Sentinel, another instance");
    expect(await winners([a, b], used)).toBe(0);
    expect(await winners([a, b], await challengeOf(b))).toBe(1);
  });
});

async function startSentinel(primaryPort: number): Promise<number> {
  const { mkdtemp, rm, writeFile } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const directory = await mkdtemp(`${tmpdir()}/kms-sentinel-`);
  const port = await freePort();
  const file = `${directory}/sentinel.conf`;
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${directory}`,
    "requirepass planted-sentinel",
    `sentinel monitor kms 127.0.0.1 ${primaryPort} 1`,
    `sentinel auth-pass kms ${PASSWORD}`,
    "sentinel down-after-milliseconds kms 500",
    "sentinel failover-timeout kms 3000",
  ];
  await writeFile(file, lines.join("\n"));
  const child = startChild(REDIS_SERVER ?? "redis-server", [file, "--sentinel"]);
  open.push({
    async close() {
      await child.kill();
      await rm(directory, { recursive: true });
    },
  });
  await child.line(/\+monitor master/);
  return port;
}
