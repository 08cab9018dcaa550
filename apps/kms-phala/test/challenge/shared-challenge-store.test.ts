import { SecretBytes } from "@mero-tee/kms-protocol";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { OpenChallenge } from "../../src/challenge/challenge-store.ts";
import { createSharedChallengeStore, type SharedChallengeStore } from "../../src/challenge/shared-challenge-store.ts";
import type { SharedSetError } from "../../src/challenge/shared-spent-set.ts";
import type { GuestAgent } from "../../src/guest-agent.ts";
import { manualClock, type ManualClock } from "../manual-clock.ts";
import { makePeer } from "../peers.ts";
import { type FakeSpentSet, fakeSpentSet } from "./fake-spent-set.ts";
import { spendChallenge } from "./spend-challenge.ts";

const NOW = 1_780_272_000;
const DAY = 86_400;
const TTL = 60;
const peer = makePeer().peerId;
const unavailable = { ok: false, error: "challenge-store-unavailable" };

/** dstack in memory: the same secret for the same path. */
function fakeAgent(): Pick<GuestAgent, "deriveKey"> & { readonly paths: string[]; isDown: boolean } {
  const agent = {
    paths: [] as string[],
    isDown: false,
    deriveKey(path: string) {
      agent.paths.push(path);
      if (agent.isDown) return Promise.resolve(err({ code: "agent-unavailable" as const, reason: "down" }));
      return Promise.resolve(ok(new SecretBytes(new Uint8Array(createHash("sha256").update(path).digest()))));
    },
  };
  return agent;
}

interface Instance {
  readonly store: SharedChallengeStore;
  readonly clock: ManualClock;
  readonly agent: ReturnType<typeof fakeAgent>;
  /** Every report, in order. */
  readonly reports: (SharedSetError | null)[];
  /** Pauses that the store asked for. */
  readonly pauses: number[];
  /** Lets the probe that is due run to its end. */
  probe(): Promise<void>;
}

interface InstanceOptions {
  readonly clock?: ManualClock;
  readonly ttlSeconds?: number;
  readonly profile?: "debug" | "locked-read-only";
}

async function startInstance(spent: FakeSpentSet, options: InstanceOptions = {}): Promise<Instance> {
  const { clock = manualClock(NOW), ttlSeconds = TTL, profile = "locked-read-only" } = options;
  const agent = fakeAgent();
  const reports: (SharedSetError | null)[] = [];
  const pauses: number[] = [];
  let due: (() => void) | null = null;
  const store = createSharedChallengeStore({
    ttlSeconds,
    profile,
    spent,
    agent,
    clock,
    schedule(work, pauseMs) {
      due = work;
      pauses.push(pauseMs);
      return () => {
        if (due === work) due = null;
      };
    },
    observe: (problem) => void reports.push(problem),
  });
  await store.start();
  return {
    store,
    clock,
    agent,
    reports,
    pauses,
    async probe() {
      const before = pauses.length;
      due?.();
      // A probe ends with its next pause.
      while (pauses.length === before) await Promise.resolve();
    },
  };
}

/** Lets a probe that a failure has started run to its end. */
async function settled(instance: Instance, before: number): Promise<void> {
  while (instance.pauses.length === before) await Promise.resolve();
}

async function idOf(store: SharedChallengeStore): Promise<string> {
  const issued = await store.issue(peer);
  if (!issued.ok) throw new Error(issued.error);
  return issued.value.challengeId;
}

describe("instances that share a spent set", () => {
  test("take each other's challenges, with the same nonce, and each once", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const [a, b] = [await startInstance(spent), await startInstance(spent)];
    const issued = await a.store.issue(peer);
    if (!issued.ok) throw new Error(issued.error);
    expect(b.store.open(issued.value.challengeId, peer)).toMatchObject({ ok: true });
    const consumed = await spendChallenge(b.store, issued.value.challengeId, peer);
    expect(consumed).toMatchObject({ ok: true, value: { nonce: issued.value.nonce } });
    for (const { store } of [a, b]) {
      expect(await spendChallenge(store, issued.value.challengeId, peer)).toEqual({
        ok: false,
        error: "challenge-spent",
      });
      expect(await spendChallenge(store, issued.value.challengeId.toUpperCase(), peer)).toMatchObject({
        error: "challenge-spent",
      });
    }
  });

  test("give one challenge one winner, however many race", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instances = await Promise.all(Array.from({ length: 5 }, () => startInstance(spent)));
    const id = await idOf((await startInstance(spent)).store);
    const outcomes = await Promise.all(
      instances.flatMap(({ store }) => Array.from({ length: 8 }, () => spendChallenge(store, id, peer))),
    );
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
  });

  test.each([
    { name: "another peer", other: makePeer().peerId, options: {} },
    { name: "an instance of another profile", other: peer, options: { profile: "debug" as const } },
  ])("refuse to $name what was not made for it, without spending it", async ({ other, options }) => {
    const spent = fakeSpentSet(manualClock(NOW));
    const [a, b] = [await startInstance(spent), await startInstance(spent, options)];
    const id = await idOf(a.store);
    expect(await spendChallenge(b.store, id, other)).toEqual({ ok: false, error: "challenge-unknown" });
    expect(spent.calls).not.toContain("spend");
    expect(await spendChallenge(a.store, id, peer)).toMatchObject({ ok: true });
  });

  test("ask nobody for anything when they issue or open", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const { store } = await startInstance(spent);
    for (let count = 0; count < 100; count += 1) store.open(await idOf(store), peer);
    expect(spent.calls).toEqual(["open"]);
    expect(spent.spentIds.size).toBe(0);
  });

  test("derive keys from paths that no peer id can end", async () => {
    const { agent } = await startInstance(fakeSpentSet(manualClock(NOW)));
    expect(agent.paths).toEqual([`mero-kms/challenge/v1/locked-read-only/${Math.floor(NOW / DAY)}`]);
  });
});

describe("a shared set that does not answer", () => {
  test("closes the store at the first failure, and a probe opens it", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    const id = await idOf(instance.store);
    spent.failure = { code: "redis-timeout" };
    const before = instance.pauses.length;
    expect(await spendChallenge(instance.store, id, peer)).toEqual(unavailable);
    await settled(instance, before);
    // Nobody waits for what is known.
    const { length } = spent.calls;
    expect(await spendChallenge(instance.store, id, peer)).toEqual(unavailable);
    expect(await instance.store.issue(peer)).toEqual(unavailable);
    expect(instance.store.open(id, peer)).toEqual(unavailable);
    expect(spent.calls).toHaveLength(length);
    spent.failure = null;
    await instance.probe();
    expect(await spendChallenge(instance.store, id, peer)).toMatchObject({ ok: true });
    expect(instance.reports).toEqual([null, { code: "redis-timeout" }, null]);
  });

  test("at start leaves the store closed until a probe finds it", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    spent.failure = { code: "redis-unreachable", word: "ECONNREFUSED" };
    const instance = await startInstance(spent);
    expect(await instance.store.issue(peer)).toEqual(unavailable);
    spent.failure = null;
    await instance.probe();
    expect(await instance.store.issue(peer)).toMatchObject({ ok: true });
  });

  test("is looked for more often than one that answers, and reported once", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    spent.failure = { code: "redis-timeout" };
    await instance.probe();
    await instance.probe();
    await instance.probe();
    const [open = 0, ...closed] = instance.pauses;
    expect(closed.every((pauseMs) => pauseMs < open)).toBe(true);
    expect(instance.reports).toEqual([null, { code: "redis-timeout" }]);
  });

  test("whose answer is lost after it spent never leads to a second winner", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    const id = await idOf(instance.store);
    const spend = spent.spend.bind(spent);
    spent.spend = async (spentId, life) => {
      await spend(spentId, life);
      return err({ code: "redis-timeout" });
    };
    const before = instance.pauses.length;
    expect(await spendChallenge(instance.store, id, peer)).toEqual(unavailable);
    spent.spend = spend;
    await settled(instance, before);
    expect(await spendChallenge(instance.store, id, peer)).toEqual({ ok: false, error: "challenge-spent" });
  });

  test("is known to be gone as soon as the connection ends", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    spent.failure = { code: "redis-unreachable" };
    const before = instance.pauses.length;
    spent.lose({ code: "redis-unreachable" });
    await settled(instance, before);
    expect(await instance.store.issue(peer)).toEqual(unavailable);
    instance.store.stop();
    const { length } = instance.reports;
    spent.lose({ code: "redis-timeout" });
    expect(instance.reports).toHaveLength(length);
  });

  test("is left alone once the store has stopped", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const { store } = await startInstance(spent);
    const id = await idOf(store);
    store.stop();
    expect(spent.calls.at(-1)).toBe("close");
    expect(await spendChallenge(store, id, peer)).toEqual(unavailable);
  });
});

async function opened(instance: Instance): Promise<OpenChallenge> {
  const found = instance.store.open(await idOf(instance.store), peer);
  if (!found.ok) throw new Error(found.error);
  return found.value;
}

describe("a challenge that waits between being opened and spent", () => {
  test("is spent once, whoever opened it", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const [a, b] = [await startInstance(spent), await startInstance(spent)];
    const id = await idOf(a.store);
    const waiting = [a, b, a].map(({ store }) => store.open(id, peer));
    const outcomes = await Promise.all(waiting.map(async (found) => (found.ok ? found.value.spend() : found)));
    expect(outcomes.filter((outcome) => outcome.ok)).toHaveLength(1);
  });

  test("expires while it waits", async () => {
    const instance = await startInstance(fakeSpentSet(manualClock(NOW)));
    const waiting = await opened(instance);
    instance.clock.advance(TTL);
    expect(await waiting.spend()).toEqual({ ok: false, error: "challenge-expired" });
  });

  test("is not spent in a store that closed meanwhile", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    const [first, second] = [await opened(instance), await opened(instance)];
    spent.failure = { code: "redis-timeout" };
    const before = instance.pauses.length;
    expect(await first.spend()).toEqual(unavailable);
    spent.failure = null;
    expect(await second.spend()).toEqual(unavailable);
    await settled(instance, before);
    expect(spent.spentIds.size).toBe(0);
  });

  test("is void once the store has lost its data and opened again, and does not close it", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    const waiting = await opened(instance);
    spent.flush();
    await instance.probe();
    expect(await waiting.spend()).toEqual({ ok: false, error: "challenge-unknown" });
    expect(spent.spentIds.size).toBe(0);
    expect(await spendChallenge(instance.store, await idOf(instance.store), peer)).toMatchObject({ ok: true });
  });
});

describe("a shared set that lost its data", () => {
  test("voids every open challenge, also one that was spent", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    const [used, open] = [await idOf(instance.store), await idOf(instance.store)];
    expect(await spendChallenge(instance.store, used, peer)).toMatchObject({ ok: true });
    spent.flush();
    const before = instance.pauses.length;
    // The entry is gone, so this would succeed if entries were all that is looked at.
    expect(await spendChallenge(instance.store, used, peer)).toEqual(unavailable);
    await settled(instance, before);
    expect(instance.reports).toEqual([null, { code: "redis-lost-data" }, null]);
    for (const id of [used, open]) {
      expect(await spendChallenge(instance.store, id, peer)).toEqual({ ok: false, error: "challenge-unknown" });
    }
    expect(await spendChallenge(instance.store, await idOf(instance.store), peer)).toMatchObject({ ok: true });
  });

  test("and that another instance has made usable again is noticed all the same", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const [a, b] = [await startInstance(spent), await startInstance(spent)];
    const id = await idOf(a.store);
    expect(await spendChallenge(a.store, id, peer)).toMatchObject({ ok: true });
    spent.flush();
    await b.probe();
    expect(await spendChallenge(a.store, id, peer)).toEqual(unavailable);
  });
});

describe("clocks", () => {
  test.each([5_000, -5_000])("apart by %d ms are close enough", async (offsetMs) => {
    const clock = manualClock(NOW);
    const spent = fakeSpentSet(clock);
    spent.timeMs += offsetMs;
    const { store } = await startInstance(spent, { clock });
    expect(await spendChallenge(store, await idOf(store), peer)).toMatchObject({ ok: true });
  });

  test.each([5_001, -5_001])("apart by %d ms keep the store closed", async (offsetMs) => {
    const clock = manualClock(NOW);
    const spent = fakeSpentSet(clock);
    spent.timeMs += offsetMs;
    const { store, reports } = await startInstance(spent, { clock });
    expect(await store.issue(peer)).toEqual(unavailable);
    expect(reports).toEqual([{ code: "redis-clock-off" }]);
  });

  test("a server whose clock was put forward forgot entries too early: nothing is accepted", async () => {
    const clock = manualClock(NOW);
    const spent = fakeSpentSet(clock);
    const { store, reports } = await startInstance(spent, { clock });
    const id = await idOf(store);
    expect(await spendChallenge(store, id, peer)).toMatchObject({ ok: true });
    spent.timeMs += 3_600_000;
    expect(await spendChallenge(store, id, peer)).toEqual(unavailable);
    expect(reports.at(-1)).toEqual({ code: "redis-clock-off" });
  });

  test("an instance that was suspended catches up, and what expired meanwhile stays so", async () => {
    const clock = manualClock(NOW);
    const spent = fakeSpentSet(clock);
    const instance = await startInstance(spent, { clock });
    const id = await idOf(instance.store);
    // Its monotonic clock stood still; everybody else's went on.
    clock.wall += 600_000;
    spent.timeMs += 600_000;
    await instance.probe();
    expect(await spendChallenge(instance.store, id, peer)).toEqual({ ok: false, error: "challenge-expired" });
    expect(await spendChallenge(instance.store, await idOf(instance.store), peer)).toMatchObject({ ok: true });
  });

  test("a wall clock stepped back together with the server's revives nothing", async () => {
    const clock = manualClock(NOW);
    const spent = fakeSpentSet(clock);
    const instance = await startInstance(spent, { clock });
    const id = await idOf(instance.store);
    clock.advance(TTL + 60);
    spent.timeMs += (TTL + 60) * 1000;
    await instance.probe();
    clock.wall -= 100_000;
    spent.timeMs -= 100_000;
    await instance.probe();
    expect(await spendChallenge(instance.store, id, peer)).toEqual(unavailable);
    expect(instance.reports.at(-1)).toEqual({ code: "redis-clock-off" });
  });

  test("an entry outlives its challenge on the instance that is furthest behind", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    // One is 5 s ahead of the server and issues, the other 5 s behind and is asked again at the last moment.
    const fast = await startInstance(spent, { clock: manualClock(NOW + 5) });
    fast.clock.advance(5);
    const slow = await startInstance(spent, { clock: manualClock(NOW - 5) });
    slow.clock.monotonic -= 5_000;
    const id = await idOf(fast.store);
    expect(await spendChallenge(fast.store, id, peer)).toMatchObject({ ok: true });
    for (let second = 0; second < TTL + 30; second += 1) {
      spent.timeMs += 1000;
      slow.clock.advance(1);
      const outcome = await spendChallenge(slow.store, id, peer);
      expect(outcome.ok).toBe(false);
      if (!outcome.ok && outcome.error === "challenge-expired") return;
      // At first it lies too far ahead for the slow one.
      expect(["challenge-unknown", "challenge-spent"]).toContain(outcome.ok ? "" : outcome.error);
    }
    throw new Error("the challenge never expired");
  });
});

describe("the keys of challenges", () => {
  test("of the next day are there before the first challenge needs them, and old ones are forgotten", async () => {
    const midnight = (Math.floor(NOW / DAY) + 1) * DAY;
    const clock = manualClock(midnight - TTL - 30);
    const spent = fakeSpentSet(clock);
    const instance = await startInstance(spent, { clock });
    expect(instance.agent.paths).toHaveLength(2);
    instance.agent.isDown = true;
    clock.advance(60);
    spent.timeMs += 60_000;
    await instance.probe();
    const id = await idOf(instance.store);
    expect(await spendChallenge(instance.store, id, peer)).toMatchObject({ ok: true });
    // After midnight the one day that is left is known already.
    clock.advance(TTL);
    spent.timeMs += TTL * 1000;
    await instance.probe();
    expect(await instance.store.issue(peer)).toMatchObject({ ok: true });
    expect(instance.agent.paths).toHaveLength(2);
  });

  test("cannot be made without the guest agent, and nothing is issued until they can", async () => {
    const spent = fakeSpentSet(manualClock(NOW));
    const instance = await startInstance(spent);
    instance.agent.isDown = true;
    spent.flush();
    await instance.probe();
    expect(await instance.store.issue(peer)).toEqual(unavailable);
    expect(instance.reports.at(-1)).toEqual({ code: "challenge-key-unavailable", word: "agent-unavailable" });
    instance.agent.isDown = false;
    await instance.probe();
    expect(await instance.store.issue(peer)).toMatchObject({ ok: true });
  });
});
