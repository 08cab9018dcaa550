import { type CollateralBundle, failure, parseQuote, type TdxQuote } from "@mero-tee/tdx-quote";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { describe, expect, test } from "vitest";
import { createEvidence, type Evidence } from "../src/evidence.ts";
import { nodeQuote, NOW, platform } from "./harness.ts";
import { HAS_VECTORS, readVector } from "./real-quotes.ts";

const DAY = 86_400;

function valueOf<T>(result: Result<T, { readonly code: string }>): T {
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

async function simulatedQuote(): Promise<TdxQuote> {
  return valueOf(parseQuote(await nodeQuote(new Uint8Array(64))));
}

interface World {
  readonly evidence: Evidence;
  readonly clock: { now: number };
  /** Times at which collateral was fetched. */
  readonly fetches: number[];
  /** What the source answers; changed to make it fail. */
  readonly source: { isDown: boolean; bundle: () => Promise<CollateralBundle> };
}

function worldAt(now: number): World {
  const clock = { now };
  const fetches: number[] = [];
  const source: World["source"] = { isDown: false, bundle: () => platform.collateral({ now: clock.now }) };
  const evidence = createEvidence({
    maxWaits: 64,
    sources: [
      {
        name: "simulator",
        async fetchCollateral() {
          fetches.push(clock.now);
          if (source.isDown) return { ok: false, error: failure("fetch", "fetch-status", { actual: 503 }) };
          return ok(await source.bundle());
        },
      },
    ],
    now: () => clock.now,
    rootCa: new Uint8Array(platform.rootCa),
  });
  return { evidence, clock, fetches, source };
}

/** The three steps in their order. */
async function judge(evidence: Evidence, quote: TdxQuote): Promise<string> {
  const chain = await evidence.platformOf(quote);
  if (!chain.ok) return `platform: ${chain.error.code}`;
  const collateral = await evidence.collateralFor(chain.value);
  if (!collateral.ok) return `collateral: ${collateral.error.code}`;
  const verified = await evidence.verify(quote, collateral.value);
  return verified.ok ? verified.value.tcbStatus : `verify: ${verified.error.code}`;
}

describe("collateral", () => {
  test("is fetched once for many quotes", async () => {
    const { evidence, fetches } = worldAt(NOW);
    const quote = await simulatedQuote();
    const verdicts = await Promise.all(Array.from({ length: 10 }, () => judge(evidence, quote)));
    expect(new Set(verdicts)).toEqual(new Set(["UpToDate"]));
    expect(fetches).toHaveLength(1);
  });

  test("outlives an outage of its source, and is not served past its expiry", async () => {
    const { evidence, clock, source } = worldAt(NOW);
    const quote = await simulatedQuote();
    expect(await judge(evidence, quote)).toBe("UpToDate");
    source.isDown = true;
    clock.now = NOW + 10 * DAY;
    expect(await judge(evidence, quote)).toBe("UpToDate");
    clock.now = NOW + 60 * DAY;
    expect(await judge(evidence, quote)).toBe("collateral: fetch-status");
  });

  test("is refreshed by the timer before it expires", async () => {
    const { evidence, clock, fetches } = worldAt(NOW);
    await judge(evidence, await simulatedQuote());
    await evidence.refreshDue();
    expect(fetches).toHaveLength(1);
    clock.now = NOW + DAY;
    await evidence.refreshDue();
    expect(fetches).toEqual([NOW, NOW + DAY]);
  });

  test("that is not genuine is no collateral at all", async () => {
    const { evidence, source } = worldAt(NOW);
    source.bundle = async () => ({ ...(await platform.collateral()), tcb_info_signature: "11".repeat(64) });
    expect(await judge(evidence, await simulatedQuote())).toBe("collateral: tcb-info-signature-invalid");
  });
});

describe("the clock", () => {
  test("set back behind the newest collateral that was accepted lets nothing pass", async () => {
    const { evidence, clock, source } = worldAt(NOW + 20 * DAY);
    const quote = await simulatedQuote();
    expect(await judge(evidence, quote)).toBe("UpToDate");
    clock.now = NOW;
    source.bundle = () => platform.collateral({ now: NOW });
    expect(await judge(evidence, quote)).toBe("collateral: fetch-failed");
    clock.now = NOW + 20 * DAY;
    expect(await judge(evidence, quote)).toBe("UpToDate");
  });

  test("set back cannot be made good with a platform that was never seen", async () => {
    const sibling = await createSimulatedPlatform({ seed: "kms-phala", now: NOW, fmspc: "aabbccddeeff" });
    const { quote } = await sibling.issueQuote({ reportData: new Uint8Array(64) });
    const unseen = valueOf(parseQuote(quote));
    const { evidence, clock, source } = worldAt(NOW + 20 * DAY);
    expect(await judge(evidence, await simulatedQuote())).toBe("UpToDate");
    clock.now = NOW;
    source.bundle = () => sibling.collateral({ now: NOW });
    expect(await judge(evidence, unseen)).toBe("collateral: fetch-failed");
    const { evidence: fresh, source: freshSource } = worldAt(NOW);
    freshSource.bundle = source.bundle;
    expect(await judge(fresh, unseen)).toBe("UpToDate");
  });

  test("that was always at the earlier time judges by it", async () => {
    expect(await judge(worldAt(NOW).evidence, await simulatedQuote())).toBe("UpToDate");
  });
});

describe("the trust anchor", () => {
  test("given replaces Intel's: a real platform is not trusted beside it", async () => {
    const { evidence, fetches } = worldAt(NOW);
    const other = createEvidence({
      maxWaits: 64,
      sources: [{ name: "none", fetchCollateral: () => expect.unreachable() }],
      now: () => NOW,
      rootCa: null,
    });
    const quote = await simulatedQuote();
    expect(await judge(evidence, quote)).toBe("UpToDate");
    expect(await judge(other, quote)).toMatch(/^platform: /);
    expect(fetches).toHaveLength(1);
  });

  test.skipIf(!HAS_VECTORS)("is Intel's where none is given: a real quote verifies at its time", async () => {
    const bundle: CollateralBundle = JSON.parse(readVector("collateral/dcap-qvl-b0c06f-2025-06.json").toString());
    const quote = valueOf(parseQuote(readVector("quotes/dcap-qvl-tdx-v4.bin")));
    const at = (now: number, rootCa: Uint8Array<ArrayBuffer> | null) =>
      createEvidence({
        maxWaits: 64,
        sources: [{ name: "bundle", fetchCollateral: async () => ok(bundle) }],
        now: () => now,
        rootCa,
      });
    const june25 = 1_750_809_600;
    expect(await at(june25, null).platformOf(quote)).toEqual(ok({ fmspc: "b0c06f000000", ca: "platform" }));
    expect(await judge(at(june25, null), quote)).toBe("UpToDate");
    expect(await judge(at(june25 + 60 * DAY, null), quote)).toMatch(/^collateral: /);
    expect(await judge(at(june25, new Uint8Array(platform.rootCa)), quote)).toMatch(/^platform: /);
  });
});
