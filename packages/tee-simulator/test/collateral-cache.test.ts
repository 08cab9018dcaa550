import type { CollateralBundle } from "@mero-tee/tdx-quote";
import {
  createCollateralCache,
  createCollateralVerifier,
  type CollateralCache,
  type FetchCollateral,
} from "@mero-tee/tdx-quote/collateral";
import { describe, expect, test } from "vitest";
import { createSimulatedPlatform, DEFECTS, type SimulatedPlatform } from "../src/index.ts";

const NOW = 1_772_000_000;
const DAY = 86_400;
const platform = await createSimulatedPlatform({ seed: "collateral cache", now: NOW });
const verify = createCollateralVerifier(platform.rootCa);

/** A clock, a source and a cache that judges against the simulated root. */
interface World {
  now: number;
  source: FetchCollateral;
  readonly cache: CollateralCache;
}

function worldOf(source: FetchCollateral): World {
  const world: World = {
    now: NOW,
    source,
    cache: createCollateralCache({
      sources: [{ name: "simulator", fetchCollateral: (asked) => world.source(asked) }],
      verify,
      now: () => world.now,
    }),
  };
  return world;
}

const serving = (bundle: CollateralBundle): FetchCollateral => {
  return () => Promise.resolve({ ok: true, value: bundle });
};

/** What the cache serves: the evaluation data number of its TCB info, or the code of its failure. */
async function served({ cache }: World, of: SimulatedPlatform = platform): Promise<number | string> {
  const result = await cache.get({ fmspc: of.fmspc, ca: of.ca });
  return result.ok ? result.value.tcbInfo.tcbEvaluationDataNumber : result.error.code;
}

/** The same platform as its service described it under another evaluation data number. */
async function editionOf(number: number, now = NOW): Promise<CollateralBundle> {
  const edition = await createSimulatedPlatform({
    seed: "collateral cache",
    now: NOW,
    adjust: (recipe) => {
      recipe.tcbInfo.document.tcbEvaluationDataNumber = number;
    },
  });
  return edition.collateral({ now });
}

describe("sets that are judged without a quote", () => {
  test.each(["platform", "processor"] as const)("name the CA that their PCK CRL is of: %s", async (ca) => {
    const machine = await createSimulatedPlatform({ seed: "collateral cache", now: NOW, ca });
    expect(await verify(await machine.collateral(), NOW)).toMatchObject({
      ok: true,
      value: { ca, fmspc: machine.fmspc },
    });
  });

  const cases = DEFECTS.flatMap((defect) =>
    defect.expected.flatMap((expected, variant) =>
      "stage" in expected && ["crl", "tcb-info", "qe-identity"].includes(expected.stage)
        ? [
            {
              id: defect.id,
              name: defect.variantNames[variant],
              defect,
              variant,
              stage: expected.stage,
              code: expected.code,
            },
          ]
        : [],
    ),
  );

  test("fail in more than forty ways", () => {
    expect(cases.length).toBeGreaterThan(40);
  });

  test.each(cases)("fail like quotes with them do: $id, $name", async ({ defect, variant, stage, code }) => {
    const { collateral, now } = defect.make(platform, { variant });
    const bundle: CollateralBundle = JSON.parse(collateral);
    expect(await verify(bundle, now)).toMatchObject({ ok: false, error: { stage, code } });
  });
});

describe("a cache of genuine sets", () => {
  test("serves until the last second of the shortest document", async () => {
    const bundle = await platform.collateral();
    const world = worldOf(serving(bundle));
    await served(world);
    const [held] = world.cache.status();
    const last = held?.expiresAt ?? Number.NaN;
    expect(last).toBeGreaterThan(NOW);
    world.now = last;
    expect(await served(world)).toBeTypeOf("number");
    await world.cache.refreshDue();
    world.now = last + 1;
    expect(await served(world)).toMatch(/-expired$/);
  });

  test("takes a newer edition and keeps it against an older one", async () => {
    const world = worldOf(serving(await editionOf(20)));
    expect(await served(world)).toBe(20);
    world.now += DAY;
    world.source = serving(await editionOf(21, world.now));
    await world.cache.refreshDue();
    expect(await served(world)).toBe(21);
    world.now += DAY;
    world.source = serving(await editionOf(20, world.now));
    await world.cache.refreshDue();
    expect(await served(world)).toBe(21);
    expect(world.cache.status()).toMatchObject([{ discardedAsOlder: 1, consecutiveFailures: 0 }]);
  });

  test("serves neither the set of another machine nor that of another root", async () => {
    const machine = await createSimulatedPlatform({ seed: "collateral cache", now: NOW, fmspc: "00a06d080000" });
    const stranger = await createSimulatedPlatform({ seed: "another root", now: NOW });
    const world = worldOf(serving(await machine.collateral()));
    expect(await served(world)).toBe("fetch-failed");
    world.now += DAY;
    world.source = serving(await stranger.collateral());
    expect(await served(world)).toBe("chain-root-untrusted");
    world.now += DAY;
    world.source = serving(await platform.collateral({ now: world.now }));
    expect(await served(world)).toBeTypeOf("number");
  });

  test("does not trust a simulated root unless told so", async () => {
    const cache = createCollateralCache({
      sources: [{ name: "simulator", fetchCollateral: serving(await platform.collateral()) }],
      now: () => NOW,
    });
    expect(await cache.get({ fmspc: platform.fmspc, ca: platform.ca })).toMatchObject({
      ok: false,
      error: { stage: "trust-anchor", code: "chain-root-untrusted" },
    });
  });
});
