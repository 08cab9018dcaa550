import { describe, expect, test } from "vitest";
import {
  createCollateralCache,
  type CollateralCache,
  type CollateralCacheOptions,
} from "../../src/collateral/collateral-cache.ts";
import type { CollateralPlatform } from "../../src/collateral/platform.ts";
import type { VerifiedCollateral, VerifyCollateral } from "../../src/collateral/verify-collateral.ts";
import type { Collateral, CollateralBundle } from "../../src/collateral-bundle.ts";
import { failure, type Failure } from "../../src/failure.ts";
import { err, ok, type Result } from "../../src/result.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
const START = 1_750_000_000;
const PLATFORM: CollateralPlatform = { fmspc: "b0c06f000000", ca: "platform" };

/** What a fake set says about itself; the fake judge reads it back. `genuine: false` is a set with a broken signature. */
interface FakeSet {
  readonly name: string;
  readonly fmspc: string;
  readonly ca: "platform" | "processor";
  readonly validFrom: number;
  readonly validUntil: number;
  readonly tcb: number;
  readonly qe: number;
  readonly rootCrl: number;
  readonly pckCrl: number;
  readonly genuine: boolean;
}

const SET: FakeSet = {
  name: "first",
  ...PLATFORM,
  validFrom: START - DAY,
  validUntil: START + 30 * DAY,
  tcb: 17,
  qe: 17,
  rootCrl: 1,
  pckCrl: 1,
  genuine: true,
};

const DOWN: Failure = failure("fetch", "fetch-failed", { subject: "TCB info", reason: "ECONNREFUSED" });
const UNKNOWN: Failure = failure("fetch", "fetch-status", { subject: "TCB info", expected: 200, actual: 404 });
const FORGED: Failure = failure("tcb-info", "tcb-info-signature-invalid");

const bundleOf = (set: FakeSet): CollateralBundle => ({
  pck_crl_issuer_chain: "",
  root_ca_crl: "",
  pck_crl: "",
  tcb_info_issuer_chain: "",
  tcb_info: JSON.stringify(set),
  tcb_info_signature: "",
  qe_identity_issuer_chain: "",
  qe_identity: "",
  qe_identity_signature: "",
});

/** Judges fake sets as the real judge does real ones: signature, then window. */
const verifyFake: VerifyCollateral = (bundle, now) => {
  const set: FakeSet = JSON.parse(bundle.tcb_info);
  if (!set.genuine) return Promise.resolve(err(FORGED));
  if (now > set.validUntil) return Promise.resolve(err(failure("tcb-info", "tcb-info-expired")));
  const verified: VerifiedCollateral = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the cache hands it on and looks at nothing in it
    collateral: { bundle } as Collateral,
    fmspc: set.fmspc,
    ca: set.ca,
    validFrom: set.validFrom,
    validUntil: set.validUntil,
    tcbEvaluationDataNumber: { tcbInfo: set.tcb, qeIdentity: set.qe },
    crlNumber: { rootCa: BigInt(set.rootCrl), pck: BigInt(set.pckCrl) },
  };
  return Promise.resolve(ok(verified));
};

type Answer = Partial<FakeSet> | Failure | "throws";

/** A cache with a clock that is set and a source that answers what it is told, for the platform it is asked for. */
class World {
  now = START;
  answer: Answer = {};
  readonly asked: string[] = [];
  readonly cache: CollateralCache;
  #gate: PromiseWithResolvers<void> | null = null;

  constructor(options: Partial<CollateralCacheOptions> = {}) {
    this.cache = createCollateralCache({
      sources: [{ name: "fake", fetchCollateral: (platform) => this.#fetch(platform) }],
      verify: verifyFake,
      now: () => this.now,
      ...options,
    });
  }

  /** Holds back all answers from now on. */
  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  /** Lets held-back answers go, and waits until their attempts have ended. */
  async release(): Promise<void> {
    this.#gate?.resolve();
    this.#gate = null;
    await this.settle();
  }

  /** Attempts of fakes take only microtasks, so they have ended after one turn of the event loop. */
  settle(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve));
  }

  async #fetch({ fmspc, ca }: CollateralPlatform): Promise<Result<CollateralBundle, Failure>> {
    this.asked.push(`${fmspc}/${ca}`);
    const { answer } = this;
    await this.#gate?.promise;
    if (answer === "throws") throw new Error("a bug in the source");
    if ("code" in answer) return err(answer);
    return ok(bundleOf({ ...SET, fmspc, ca, ...answer }));
  }

  /** The name of the set that is served, or the code of the failure. */
  async get(platform: CollateralPlatform = PLATFORM): Promise<string> {
    const result = await this.cache.get(platform);
    if (!result.ok) return result.error.code;
    const set: FakeSet = JSON.parse(result.value.bundle.tcb_info);
    return set.name;
  }
}

const platformNumber = (n: number): CollateralPlatform => ({ fmspc: n.toString(16).padStart(12, "0"), ca: "platform" });

describe("one fetch for many requests", () => {
  test("a hundred callers at once cost one fetch and get one set", async () => {
    const world = new World();
    world.hold();
    const pending = Array.from({ length: 100 }, () => world.get());
    await world.release();
    expect(await Promise.all(pending)).toEqual(Array.from({ length: 100 }, () => "first"));
    expect(world.asked).toEqual(["b0c06f000000/platform"]);
  });

  test("a hundred callers share one failure", async () => {
    const world = new World();
    world.answer = DOWN;
    world.hold();
    const pending = Array.from({ length: 100 }, () => world.get());
    await world.release();
    expect(new Set(await Promise.all(pending))).toEqual(new Set(["fetch-failed"]));
    expect(world.asked.length).toBe(1);
  });

  test("a held set is served without asking, whatever the case of the FMSPC", async () => {
    const world = new World();
    await world.get();
    expect(await world.get({ fmspc: "B0C06F000000", ca: "platform" })).toBe("first");
    expect(world.asked.length).toBe(1);
  });

  test("the CA is part of the platform", async () => {
    const world = new World();
    await world.get();
    expect(await world.get({ ...PLATFORM, ca: "processor" })).toBe("first");
    expect(world.asked).toEqual(["b0c06f000000/platform", "b0c06f000000/processor"]);
  });

  test.each(["", "b0c06f", "b0c06f00000000", "zzzzzzzzzzzz"])("the FMSPC %j is not asked for", async (fmspc) => {
    const world = new World();
    expect(await world.get({ fmspc, ca: "platform" })).toBe("fetch-failed");
    expect(world.asked).toEqual([]);
    expect(world.cache.status()).toEqual([]);
  });
});

describe("expiry", () => {
  test.each([
    { name: "one second before its last", at: SET.validUntil - 1, expected: "first" },
    { name: "in its last second", at: SET.validUntil, expected: "first" },
    { name: "one second after its last", at: SET.validUntil + 1, expected: "fetch-failed" },
    { name: "in its first second", at: SET.validFrom, expected: "first" },
    { name: "one second before its first", at: SET.validFrom - 1, expected: "fetch-failed" },
  ])("a set is judged $name: $expected", async ({ at, expected }) => {
    const world = new World();
    await world.get();
    world.answer = DOWN;
    world.now = at;
    expect(await world.get()).toBe(expected);
  });

  test("an expired set is replaced before anything is served", async () => {
    const world = new World();
    await world.get();
    world.now = SET.validUntil + 1;
    world.answer = { name: "second", validUntil: world.now + DAY };
    expect(await world.get()).toBe("second");
  });

  test("a set that ends on its way is not served", async () => {
    let ticks = 0;
    const world = new World({ now: () => START + ticks++ });
    world.answer = { validUntil: START + 1 };
    expect(await world.get()).toBe("fetch-failed");
    expect(world.cache.status()).toMatchObject([
      { consecutiveFailures: 1, lastFailure: { facts: { reason: "not valid now" } } },
    ]);
  });

  test("a set that ends between its arrival and its use is not served either", async () => {
    const times = [START, START, START, START + 1];
    const world = new World({ now: () => times.shift() ?? START + 1 });
    world.answer = { validUntil: START };
    expect(await world.get()).toBe("fetch-failed");
  });
});

describe("refresh", () => {
  const DUE = START + 6 * HOUR;

  test.each([
    { name: "a second too early", at: DUE - 1, asked: 1 },
    { name: "when the set has reached its age", at: DUE, asked: 2 },
  ])("behind a served set: $name", async ({ at, asked }) => {
    const world = new World();
    await world.get();
    world.answer = { name: "second" };
    world.now = at;
    world.hold();
    expect(await world.get()).toBe("first");
    expect(world.asked.length).toBe(asked);
    await world.release();
    expect(await world.get()).toBe(asked === 2 ? "second" : "first");
  });

  test.each([
    { name: "a second before the window", at: START + 23 * DAY - 1, asked: 1 },
    { name: "when the window before expiry opens", at: START + 23 * DAY, asked: 2 },
  ])("ahead of expiry: $name", async ({ at, asked }) => {
    const world = new World({ refreshAfterSeconds: 365 * DAY });
    await world.get();
    world.now = at;
    await world.get();
    await world.settle();
    expect(world.asked.length).toBe(asked);
  });

  test("of a set that is always near its end is spaced out", async () => {
    const world = new World();
    world.answer = { validUntil: START + DAY };
    await world.get();
    for (const [at, asked] of [
      [START + 299, 1],
      [START + 300, 2],
      [START + 301, 2],
      [START + 600, 3],
    ] as const) {
      world.now = at;
      await world.get();
      await world.settle();
      expect([at, world.asked.length]).toEqual([at, asked]);
    }
  });

  test("runs once for many callers", async () => {
    const world = new World();
    await world.get();
    world.now = DUE;
    world.hold();
    await Promise.all(Array.from({ length: 50 }, () => world.get()));
    await world.release();
    expect(world.asked.length).toBe(2);
  });

  test("that fails leaves the held set in place, and is retried after a growing pause", async () => {
    const world = new World();
    await world.get();
    world.answer = DOWN;
    const attempts: number[] = [];
    for (let second = 0; second <= 40; second += 1) {
      world.now = DUE + second;
      const before = world.asked.length;
      expect(await world.get()).toBe("first");
      await world.settle();
      if (world.asked.length > before) attempts.push(second);
    }
    expect(attempts).toEqual([0, 5, 15, 35]);
  });

  test.each([
    { name: "a set with a broken signature", answer: { genuine: false } },
    { name: "a set for another platform", answer: { fmspc: "00906ed50000" } },
    { name: "a set of another CA", answer: { ca: "processor" as const } },
    { name: "an expired set", answer: { validUntil: START } },
    { name: "a failure", answer: DOWN },
    { name: "a 404", answer: UNKNOWN },
    { name: "a source that throws", answer: "throws" as const },
  ])("never replaces a good set by $name", async ({ answer }) => {
    const world = new World();
    await world.get();
    world.answer = typeof answer === "string" || "code" in answer ? answer : { name: "bad", ...answer };
    world.now = DUE;
    expect(await world.get()).toBe("first");
    await world.settle();
    expect(await world.get()).toBe("first");
    expect(world.asked.length).toBe(2);
    expect(world.cache.status()).toMatchObject([{ state: "valid", consecutiveFailures: 1, discardedAsOlder: 0 }]);
  });

  test.each([
    { name: "an older TCB info", answer: { tcb: 16, validUntil: START + 60 * DAY } },
    { name: "an older QE identity", answer: { qe: 16 } },
    { name: "an older root CA CRL", answer: { rootCrl: 0 } },
    { name: "an older PCK CRL", answer: { pckCrl: 0 } },
    { name: "one newer and one older part", answer: { tcb: 18, pckCrl: 0 } },
  ])("discards $name while the held set is valid", async ({ answer }) => {
    const world = new World();
    await world.get();
    world.answer = { name: "older", ...answer };
    world.now = DUE;
    await world.get();
    await world.settle();
    expect(await world.get()).toBe("first");
    expect(world.cache.status()).toMatchObject([{ discardedAsOlder: 1, consecutiveFailures: 0, lastFailure: null }]);
  });

  test.each([
    {
      name: "a newer TCB info that ends sooner",
      answer: { tcb: 18, validUntil: START + 20 * DAY },
      expected: "second",
    },
    { name: "a newer CRL", answer: { pckCrl: 2 }, expected: "second" },
    { name: "the same edition that ends later", answer: { validUntil: START + 31 * DAY }, expected: "second" },
    { name: "the same edition that ends sooner", answer: { validUntil: START + 29 * DAY }, expected: "first" },
  ])("takes what is better: $name", async ({ answer, expected }) => {
    const world = new World();
    await world.get();
    world.answer = { name: "second", ...answer };
    world.now = DUE;
    await world.get();
    await world.settle();
    expect(await world.get()).toBe(expected);
    expect(world.cache.status()).toMatchObject([{ discardedAsOlder: 0 }]);
  });

  test("takes an older set once the held one has expired", async () => {
    const world = new World();
    await world.get();
    world.now = SET.validUntil + 1;
    world.answer = { name: "older", tcb: 16, validUntil: world.now + DAY };
    expect(await world.get()).toBe("older");
  });

  test("does not take an older set because the clock was set back, and does not ask for ever", async () => {
    const world = new World();
    await world.get();
    world.now = SET.validFrom - DAY;
    world.answer = { name: "older", tcb: 16, validFrom: world.now - DAY };
    expect(await world.get()).toBe("fetch-failed");
    expect(await world.get()).toBe("fetch-failed");
    expect(world.asked.length).toBe(2);
    world.now = START;
    expect(await world.get()).toBe("first");
  });
});

describe("refreshDue", () => {
  test("refreshes the sets that are due, expired ones too, and resolves when that is done", async () => {
    const world = new World();
    await world.get(platformNumber(1));
    world.now = START + HOUR;
    await world.get(platformNumber(2));
    world.answer = { name: "second" };
    world.now = START + 6 * HOUR;
    await world.cache.refreshDue();
    expect(world.asked.slice(2)).toEqual(["000000000001/platform"]);
    expect(await world.get(platformNumber(1))).toBe("second");
    world.now = SET.validUntil + 1;
    world.answer = { name: "third", validUntil: world.now + DAY };
    await world.cache.refreshDue();
    expect(world.asked.length).toBe(5);
    expect([await world.get(platformNumber(1)), await world.get(platformNumber(2))]).toEqual(["third", "third"]);
    expect(world.asked.length).toBe(5);
  });

  test("leaves those alone that pause", async () => {
    const world = new World();
    await world.get(platformNumber(2));
    world.answer = DOWN;
    world.now += DAY;
    await world.cache.refreshDue();
    await world.cache.refreshDue();
    expect(world.asked.length).toBe(2);
  });

  test("fetches for a platform that came while the source was down, before it comes again", async () => {
    const world = new World();
    world.answer = DOWN;
    expect(await world.get()).toBe("fetch-failed");
    world.answer = {};
    await world.cache.refreshDue();
    expect(world.asked.length).toBe(1);
    world.now += 5;
    await world.cache.refreshDue();
    expect(world.asked.length).toBe(2);
    expect(await world.get()).toBe("first");
    expect(world.asked.length).toBe(2);
  });

  test("never asks by itself for a platform that no service knows", async () => {
    const world = new World();
    world.answer = UNKNOWN;
    await world.get();
    world.now += DAY;
    await world.cache.refreshDue();
    expect(world.asked.length).toBe(1);
  });

  test("leaves a first fetch that is under way to those who wait for it", async () => {
    const world = new World();
    world.hold();
    const pending = world.get();
    await world.cache.refreshDue();
    await world.release();
    expect([await pending, world.asked.length]).toEqual(["first", 1]);
  });

  test("joins a refresh that runs already", async () => {
    const world = new World();
    await world.get();
    world.now = START + 6 * HOUR;
    world.hold();
    await world.get();
    const refreshed = world.cache.refreshDue();
    await world.release();
    await refreshed;
    expect(world.asked.length).toBe(2);
  });

  test("has nothing to do in an empty cache", async () => {
    await expect(new World().cache.refreshDue()).resolves.toBeUndefined();
  });
});

describe("failures without a set", () => {
  test("are given again during the pause, and then the source is asked again", async () => {
    const world = new World();
    world.answer = DOWN;
    expect(await world.get()).toBe("fetch-failed");
    world.now = START + 4;
    expect(await world.get()).toBe("fetch-failed");
    expect(world.asked.length).toBe(1);
    world.now = START + 5;
    world.answer = {};
    expect(await world.get()).toBe("first");
    expect(world.asked.length).toBe(2);
    expect(world.cache.status()).toMatchObject([{ consecutiveFailures: 0, lastFailure: null }]);
  });

  test("are spaced out up to the longest pause", async () => {
    const world = new World();
    world.answer = DOWN;
    const pauses: number[] = [];
    let last = START;
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      while (world.asked.length < attempt) {
        await world.get();
        world.now += 1;
      }
      const askedAt = world.now - 1;
      pauses.push(askedAt - last);
      last = askedAt;
    }
    expect(pauses).toEqual([0, 5, 10, 20, 40, 80, 160, 300, 300]);
  });

  test("of an FMSPC that nobody knows are remembered for a while", async () => {
    const world = new World();
    world.answer = UNKNOWN;
    expect(await world.get()).toBe("fetch-status");
    world.answer = {};
    world.now = START + 299;
    expect(await world.get()).toBe("fetch-status");
    expect(world.asked.length).toBe(1);
    world.now = START + 300;
    expect(await world.get()).toBe("first");
  });

  test("carry what the source or the judge said", async () => {
    const world = new World();
    world.answer = { genuine: false };
    expect(await world.cache.get(PLATFORM)).toEqual({ ok: false, error: FORGED });
    const other = new World();
    other.answer = { fmspc: "00906ed50000" };
    expect(await other.cache.get(PLATFORM)).toMatchObject({
      ok: false,
      error: {
        code: "fetch-failed",
        facts: { expected: "b0c06f000000/platform", actual: "00906ed50000/platform", reason: "for another platform" },
      },
    });
  });

  test("of a port that throws are failures, not exceptions", async () => {
    const world = new World();
    world.answer = "throws";
    expect(await world.cache.get(PLATFORM)).toMatchObject({
      ok: false,
      error: { facts: { reason: "a bug in the source" } },
    });
    const rejecting = new World({ verify: () => Promise.reject("no error object") });
    expect(await rejecting.cache.get(PLATFORM)).toMatchObject({
      ok: false,
      error: { facts: { reason: "the source failed" } },
    });
  });

  test("do not pause for years when the clock is set back", async () => {
    const world = new World();
    world.now = START + 5 * 365 * DAY;
    world.answer = DOWN;
    await world.get();
    world.now = START;
    world.answer = {};
    expect(await world.get()).toBe("first");
  });
});

test("a refresh that was not due because the clock was ahead is due when the clock comes back", async () => {
  const world = new World();
  world.now = START + 10 * DAY;
  await world.get();
  world.now = START;
  world.answer = { name: "second" };
  await world.get();
  await world.settle();
  expect(await world.get()).toBe("second");
});

describe("the bound on platforms", () => {
  test("drops the one used least recently", async () => {
    const world = new World({ maxPlatforms: 3 });
    for (const n of [1, 2, 3]) await world.get(platformNumber(n));
    await world.get(platformNumber(1));
    await world.get(platformNumber(4));
    expect(world.cache.status().map(({ fmspc }) => Number(fmspc))).toEqual([3, 1, 4]);
    await world.get(platformNumber(1));
    expect(world.asked.length).toBe(4);
    await world.get(platformNumber(2));
    expect(world.asked.length).toBe(5);
  });

  test("drops platforms without a set first, so that unknown ones do not push out known ones", async () => {
    const world = new World({ maxPlatforms: 3 });
    await world.get(platformNumber(1));
    await world.get(platformNumber(2));
    world.answer = UNKNOWN;
    for (let n = 100; n < 200; n += 1) await world.get(platformNumber(n));
    expect(world.cache.status().map(({ fmspc, state }) => `${Number.parseInt(fmspc, 16)} ${state}`)).toEqual([
      "1 valid",
      "2 valid",
      "199 absent",
    ]);
  });

  test("drops a platform whose fetch is under way only when there is no other, and serves its caller all the same", async () => {
    const world = new World({ maxPlatforms: 1 });
    world.hold();
    const first = world.get(platformNumber(1));
    const second = world.get(platformNumber(2));
    await world.release();
    expect([await first, await second]).toEqual(["first", "first"]);
    expect(world.cache.status().map(({ fmspc }) => Number(fmspc))).toEqual([2]);
  });

  test.each([0, -1, 1.5, NaN, Infinity])("cannot be %d", (maxPlatforms) => {
    expect(() => new World({ maxPlatforms })).toThrow(RangeError);
  });

  test("holds for a thousand platforms", async () => {
    const world = new World({ maxPlatforms: 8 });
    for (let n = 0; n < 1000; n += 1) await world.get(platformNumber(n));
    expect(world.cache.status().length).toBe(8);
  });
});

describe("peek", () => {
  test("gives what is held and valid, and neither fetches nor keeps the platform from making room", async () => {
    const world = new World({ maxPlatforms: 2 });
    expect(world.cache.peek(PLATFORM)).toBe(null);
    expect(world.asked).toEqual([]);
    await world.get();
    await world.get(platformNumber(1));
    expect(world.cache.peek({ ...PLATFORM, fmspc: "B0C06F000000" })?.bundle.tcb_info).toContain("first");
    expect(world.cache.peek({ ...PLATFORM, ca: "processor" })).toBe(null);
    await world.get(platformNumber(2));
    expect(world.cache.peek(PLATFORM)).toBe(null);
    world.now = SET.validUntil;
    expect(world.cache.peek(platformNumber(2))).not.toBe(null);
    world.now += 1;
    expect(world.cache.peek(platformNumber(2))).toBe(null);
    expect(world.asked.length).toBe(3);
  });
});

describe("status", () => {
  test("tells age, end, source and numbers of each platform", async () => {
    const world = new World();
    await world.get();
    world.answer = DOWN;
    world.now = START + 60;
    await world.get(platformNumber(1));
    expect(world.cache.status()).toEqual([
      {
        ...PLATFORM,
        channel: "standard",
        source: "fake",
        state: "valid",
        fetchedAt: START,
        ageSeconds: 60,
        validFrom: SET.validFrom,
        expiresAt: SET.validUntil,
        secondsLeft: 30 * DAY - 60,
        tcbEvaluationDataNumber: { tcbInfo: 17, qeIdentity: 17 },
        isRefreshing: false,
        consecutiveFailures: 0,
        lastFailure: null,
        failedSources: [],
        discardedAsOlder: 0,
      },
      {
        ...platformNumber(1),
        channel: "standard",
        source: null,
        state: "absent",
        fetchedAt: null,
        ageSeconds: null,
        validFrom: null,
        expiresAt: null,
        secondsLeft: null,
        tcbEvaluationDataNumber: null,
        isRefreshing: false,
        consecutiveFailures: 1,
        lastFailure: DOWN,
        failedSources: [{ source: "fake", failure: DOWN }],
        discardedAsOlder: 0,
      },
    ]);
  });

  test("tells a refresh under way and an expired set", async () => {
    const world = new World();
    await world.get();
    world.now = SET.validUntil + 1;
    expect(world.cache.status()).toMatchObject([{ state: "expired", isRefreshing: false, secondsLeft: 0 }]);
    world.hold();
    const pending = world.get();
    expect(world.cache.status()).toMatchObject([{ state: "expired", isRefreshing: true }]);
    await world.release();
    await pending;
  });

  test("is of the standard channel, judged by Intel's root, when nothing is given", async () => {
    const cache = createCollateralCache({
      sources: [{ name: "fake", fetchCollateral: () => Promise.resolve(ok(bundleOf(SET))) }],
      now: () => START,
    });
    expect(await cache.get(PLATFORM)).toMatchObject({ ok: false, error: { stage: "collateral-parse" } });
    expect(cache.status()).toMatchObject([{ channel: "standard", source: null, state: "absent" }]);
  });

  test("is told after every attempt, failed or not", async () => {
    const told: unknown[] = [];
    const world = new World({
      channel: "early",
      observe: ({ channel, state, isRefreshing, consecutiveFailures }) =>
        told.push([channel, state, isRefreshing, consecutiveFailures]),
    });
    await world.get();
    await world.get();
    world.answer = DOWN;
    world.now += DAY;
    await world.cache.refreshDue();
    expect(told).toEqual([
      ["early", "valid", false, 0],
      ["early", "valid", false, 1],
    ]);
  });
});
