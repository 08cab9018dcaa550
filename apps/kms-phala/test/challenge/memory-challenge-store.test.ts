import { beforeEach, describe, expect, test } from "vitest";
import { createChallengeClock } from "../../src/challenge/challenge-clock.ts";
import type { ChallengeStore, ConsumedChallenge, IssuedChallenge } from "../../src/challenge/challenge-store.ts";
import { createMemoryChallengeStore } from "../../src/challenge/memory-challenge-store.ts";
import { manualClock, type ManualClock } from "../manual-clock.ts";
import { makePeer } from "../peers.ts";
import { spendChallenge } from "./spend-challenge.ts";

const START = 1_767_225_600;
const TTL = 60;
const alice = makePeer().peerId;
const bob = makePeer().peerId;

let clock: ManualClock;

function makeStore(maxSpent = 100): ChallengeStore {
  return createMemoryChallengeStore({ ttlSeconds: TTL, maxSpent, clock: createChallengeClock(clock) });
}

async function issue(store: ChallengeStore, peerId = alice): Promise<IssuedChallenge> {
  const issued = await store.issue(peerId);
  if (!issued.ok) throw new Error(issued.error);
  return issued.value;
}

async function consume(store: ChallengeStore, challengeId: string, peerId = alice): Promise<ConsumedChallenge> {
  const consumed = await spendChallenge(store, challengeId, peerId);
  if (!consumed.ok) throw new Error(consumed.error);
  return consumed.value;
}

beforeEach(() => {
  clock = manualClock(START);
});

describe("a challenge", () => {
  test("gives the issued nonce to the peer it was issued to, once", async () => {
    const store = makeStore();
    const { challengeId, nonce, expiresAt } = await issue(store);
    expect(expiresAt).toBe(START + TTL);
    expect(nonce).toHaveLength(32);
    expect((await consume(store, challengeId)).nonce).toEqual(nonce);
    expect(await spendChallenge(store, challengeId, alice)).toEqual({ ok: false, error: "challenge-spent" });
  });

  test("is one challenge in either letter case", async () => {
    const store = makeStore();
    const { challengeId, nonce } = await issue(store);
    expect((await consume(store, challengeId.toUpperCase())).nonce).toEqual(nonce);
    expect(await spendChallenge(store, challengeId, alice)).toEqual({ ok: false, error: "challenge-spent" });
  });

  test("is worthless to another peer, and stays good for its own", async () => {
    const store = makeStore();
    const { challengeId } = await issue(store);
    expect(await spendChallenge(store, challengeId, bob)).toEqual({ ok: false, error: "challenge-unknown" });
    expect(await spendChallenge(store, challengeId, alice)).toMatchObject({ ok: true });
  });

  test("differs from every other one", async () => {
    const store = makeStore();
    const issued = await Promise.all(Array.from({ length: 200 }, () => issue(store)));
    expect(new Set(issued.map(({ challengeId }) => challengeId)).size).toBe(200);
    expect(new Set(issued.map(({ nonce }) => Buffer.from(nonce).toString("hex"))).size).toBe(200);
  });

  test("has one winner among any number of racers", async () => {
    const store = makeStore();
    const { challengeId } = await issue(store);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => spendChallenge(store, challengeId, alice)));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
  });

  test.each(["", "zz".repeat(16), "ab", `${"ab".repeat(16)}00`, "00000000-0000-4000-8000-000000000000"])(
    "is not %j",
    async (challengeId) => {
      expect(await spendChallenge(makeStore(), challengeId, alice)).toEqual({ ok: false, error: "challenge-unknown" });
    },
  );

  test("of another process is unknown, so a restart voids every open challenge", async () => {
    const { challengeId } = await issue(makeStore());
    expect(await spendChallenge(makeStore(), challengeId, alice)).toEqual({ ok: false, error: "challenge-unknown" });
  });
});

describe("time", () => {
  test.each([
    { after: TTL - 1, ok: true },
    { after: TTL, ok: false },
    { after: TTL + 1, ok: false },
  ])("a challenge $after s old is usable: $ok", async ({ after, ok }) => {
    const store = makeStore();
    const { challengeId } = await issue(store);
    clock.advance(after);
    expect(await spendChallenge(store, challengeId, alice)).toMatchObject(
      ok ? { ok } : { ok, error: "challenge-expired" },
    );
  });

  test("a challenge that was opened in time and waited is refused once it has expired", async () => {
    const store = makeStore();
    const [late, inTime] = [await issue(store), await issue(store)].map(({ challengeId }) =>
      store.open(challengeId, alice),
    );
    if (late?.ok !== true || inTime?.ok !== true) throw new Error("not opened");
    clock.advance(TTL - 1);
    expect(await inTime.value.spend()).toMatchObject({ ok: true });
    clock.advance(1);
    expect(await late.value.spend()).toEqual({ ok: false, error: "challenge-expired" });
  });

  test("a wall clock stepped back revives nothing", async () => {
    const store = makeStore();
    const spent = await issue(store);
    const unused = await issue(store);
    await consume(store, spent.challengeId);
    clock.advance(TTL);
    // Lets the store forget what has expired.
    await consume(store, (await issue(store)).challengeId);
    clock.wall = START * 1000;
    expect(await spendChallenge(store, spent.challengeId, alice)).toEqual({ ok: false, error: "challenge-expired" });
    expect(await spendChallenge(store, unused.challengeId, alice)).toEqual({ ok: false, error: "challenge-expired" });
  });

  test.each([
    { back: 2, ok: true },
    { back: 3, ok: false },
  ])("an expiry $back s further ahead than the lifetime is accepted: $ok", async ({ back, ok }) => {
    const store = makeStore();
    const { challengeId } = await issue(store);
    // No such machine exists; it stands for an id that was issued under a longer lifetime.
    clock.monotonic -= back * 1000;
    expect(await spendChallenge(store, challengeId, alice)).toMatchObject(
      ok ? { ok } : { ok, error: "challenge-unknown" },
    );
  });

  test("a wall clock stepped forward ends nothing early", async () => {
    const store = makeStore();
    const { challengeId } = await issue(store);
    clock.wall += 86_400_000;
    expect(await spendChallenge(store, challengeId, alice)).toMatchObject({ ok: true });
  });
});

describe("a flood", () => {
  test("of challenges, for strangers or for the victim, neither refuses nor voids an honest one", async () => {
    const store = makeStore(10);
    const before = await issue(store);
    for (let index = 0; index < 500; index += 1) await issue(store, index % 2 === 0 ? bob : alice);
    const after = await issue(store);
    expect((await consume(store, before.challengeId)).nonce).toEqual(before.nonce);
    expect((await consume(store, after.challengeId)).nonce).toEqual(after.nonce);
  });

  test("of failed requests fills the spent set and refuses nobody", async () => {
    const store = makeStore(10);
    const honest = await issue(store);
    for (let index = 0; index < 500; index += 1) {
      (await consume(store, (await issue(store, bob)).challengeId, bob)).fail();
    }
    (await consume(store, honest.challengeId)).release();
    for (let index = 0; index < 500; index += 1) {
      (await consume(store, (await issue(store, bob)).challengeId, bob)).fail();
    }
    // What released a key is remembered whatever came after it.
    expect(await spendChallenge(store, honest.challengeId, alice)).toEqual({ ok: false, error: "challenge-spent" });
  });

  test("of made-up ids touches nothing", async () => {
    const store = makeStore(1);
    const { challengeId } = await issue(store);
    const forged = Array.from(
      { length: 500 },
      (_, index) => challengeId.slice(0, 24) + index.toString(16).padStart(8, "0"),
    );
    const outcomes = await Promise.all(
      forged.filter((id) => id !== challengeId).map((id) => spendChallenge(store, id, alice)),
    );
    expect(outcomes.some(({ ok }) => ok)).toBe(false);
    expect(await spendChallenge(store, challengeId, alice)).toMatchObject({ ok: true });
  });

  test("is refused only where requests in flight and released keys alone fill the bound", async () => {
    const store = makeStore(2);
    const held = await consume(store, (await issue(store)).challengeId);
    (await consume(store, (await issue(store)).challengeId)).release();
    const waiting = await issue(store);
    expect(await spendChallenge(store, waiting.challengeId, alice)).toEqual({ ok: false, error: "rate-limited" });
    held.fail();
    expect(await spendChallenge(store, waiting.challengeId, alice)).toMatchObject({ ok: true });
  });
});
