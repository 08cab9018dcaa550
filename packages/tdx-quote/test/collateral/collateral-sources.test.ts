import { describe, expect, test } from "vitest";
import { createCollateralCache } from "../../src/collateral/collateral-cache.ts";
import type { CollateralPlatform, CollateralSource } from "../../src/collateral/platform.ts";
import type { VerifyCollateral } from "../../src/collateral/verify-collateral.ts";
import type { Collateral, CollateralBundle } from "../../src/collateral-bundle.ts";
import { failure, type Failure } from "../../src/failure.ts";
import { err, ok } from "../../src/result.ts";

const DAY = 86_400;
const START = 1_750_000_000;
const PLATFORM: CollateralPlatform = { fmspc: "b0c06f000000", ca: "platform" };

interface FakeSet {
  readonly tcb: number;
  readonly crl: number;
  readonly validUntil: number;
  readonly genuine: boolean;
}

const GOOD: FakeSet = { tcb: 17, crl: 3, validUntil: START + 30 * DAY, genuine: true };
const DOWN: Failure = failure("fetch", "fetch-failed", { subject: "TCB info", reason: "ECONNREFUSED" });
const UNKNOWN: Failure = failure("fetch", "fetch-status", { subject: "TCB info", expected: 200, actual: 404 });

const verify: VerifyCollateral = ({ tcb_info }, now) => {
  const set: FakeSet = JSON.parse(tcb_info);
  if (!set.genuine) return Promise.resolve(err(failure("tcb-info", "tcb-info-signature-invalid")));
  if (now > set.validUntil) return Promise.resolve(err(failure("tcb-info", "tcb-info-expired")));
  return Promise.resolve(
    ok({
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the cache hands it on and looks at nothing in it
      collateral: {} as Collateral,
      ...PLATFORM,
      validFrom: START - DAY,
      validUntil: set.validUntil,
      tcbEvaluationDataNumber: { tcbInfo: set.tcb, qeIdentity: set.tcb },
      crlNumber: { rootCa: BigInt(set.crl), pck: BigInt(set.crl) },
    }),
  );
};

type Answer = Partial<FakeSet> | Failure;

/** Sources that answer what they are told, and the names of those that were asked. */
function worldOf(answers: Record<string, Answer>) {
  const world = { now: START, answers, asked: [] as string[] };
  const sources = Object.keys(answers).map((name): CollateralSource => ({
    name,
    fetchCollateral() {
      world.asked.push(name);
      const answer = world.answers[name] ?? DOWN;
      if ("code" in answer) return Promise.resolve(err(answer));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the judge of this test reads nothing else
      return Promise.resolve(ok({ tcb_info: JSON.stringify({ ...GOOD, ...answer }) } as CollateralBundle));
    },
  }));
  const cache = createCollateralCache({ sources, verify, now: () => world.now });
  /** Asks once more, and gives who was asked and whose set is held. */
  const ask = async () => {
    world.asked = [];
    await cache.get(PLATFORM);
    await cache.refreshDue();
    const [status] = cache.status();
    return { asked: world.asked, source: status?.source, state: status?.state, failed: status?.failedSources };
  };
  return { world, cache, ask };
}

describe("several sources", () => {
  test("are not asked once the first gives a fresh set", async () => {
    const { ask } = worldOf({ pccs: {}, intel: {} });
    expect(await ask()).toEqual({ asked: ["pccs"], source: "pccs", state: "valid", failed: [] });
  });

  test.each<{ name: string; first: Answer; code: string }>([
    { name: "does not answer", first: DOWN, code: "fetch-failed" },
    { name: "does not know the platform", first: UNKNOWN, code: "fetch-status" },
    { name: "gives a forged set", first: { genuine: false }, code: "tcb-info-signature-invalid" },
    { name: "gives an expired set", first: { validUntil: START - 1 }, code: "tcb-info-expired" },
  ])("are asked in order while the first $name, and status says so", async ({ first, code }) => {
    const { ask } = worldOf({ pccs: first, intel: {}, files: {} });
    expect(await ask()).toMatchObject({
      asked: ["pccs", "intel"],
      source: "intel",
      state: "valid",
      failed: [{ source: "pccs", failure: { code } }],
    });
  });

  test.each<{ name: string; answers: Record<string, Answer> }>([
    { name: "the first does not know the platform", answers: { pccs: UNKNOWN, intel: DOWN } },
    { name: "the last does not know the platform", answers: { pccs: DOWN, intel: UNKNOWN } },
  ])("all fail and $name: told is what is out of order", async ({ answers }) => {
    const { cache, ask } = worldOf(answers);
    expect((await ask()).asked).toEqual(["pccs", "intel"]);
    expect(await cache.get(PLATFORM)).toEqual({ ok: false, error: DOWN });
    expect(cache.status()).toMatchObject([{ failedSources: [{ source: "pccs" }, { source: "intel" }] }]);
  });

  test("none knows the platform: it is remembered as unknown", async () => {
    const { cache, ask } = worldOf({ pccs: UNKNOWN, intel: UNKNOWN });
    await ask();
    expect(await cache.get(PLATFORM)).toEqual({ ok: false, error: UNKNOWN });
  });

  test("cannot be none", () => {
    expect(() => createCollateralCache({ sources: [], now: () => START })).toThrow(RangeError);
  });
});

describe("a first source that is rolled back or lags", () => {
  test.each([
    { name: "an older evaluation data number", first: { tcb: 16, validUntil: START + 60 * DAY } },
    { name: "an older CRL", first: { crl: 2, validUntil: START + 60 * DAY } },
  ])("neither replaces the held set by $name nor hides what the next one has", async ({ first }) => {
    const { world, cache, ask } = worldOf({ pccs: {}, intel: {} });
    await ask();
    world.now += DAY;
    world.answers = { pccs: first, intel: { tcb: 18, crl: 4 } };
    expect(await ask()).toMatchObject({ asked: ["pccs", "intel"], source: "intel" });
    expect(cache.status()).toMatchObject([{ discardedAsOlder: 1, tcbEvaluationDataNumber: { tcbInfo: 18 } }]);
  });

  test("keeps the held set in force where the next one has nothing newer", async () => {
    const { world, cache, ask } = worldOf({ pccs: {}, intel: {} });
    await ask();
    world.now += DAY;
    world.answers = { pccs: { tcb: 16 }, intel: DOWN };
    expect(await ask()).toMatchObject({ asked: ["pccs", "intel"], source: "pccs", state: "valid" });
    expect(cache.status()).toMatchObject([{ discardedAsOlder: 1, consecutiveFailures: 0 }]);
  });

  test("with a set near its end does not keep the next one from giving a fresher one", async () => {
    const { world, ask } = worldOf({ pccs: {}, intel: {} });
    await ask();
    world.now = START + 25 * DAY;
    world.answers = { pccs: {}, intel: { validUntil: START + 55 * DAY } };
    expect(await ask()).toMatchObject({ asked: ["pccs", "intel"], source: "intel" });
  });
});
