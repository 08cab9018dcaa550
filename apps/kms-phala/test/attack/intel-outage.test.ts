import { failure } from "@mero-tee/tdx-quote";
import { err, ok } from "@mero-tee/tdx-quote/result";
import { createSimulatedPlatform } from "@mero-tee/tee-simulator";
import { afterEach, describe, expect, test } from "vitest";
import { type Harness, makePeer, NOW, platform, startHarness } from "../harness.ts";

const HOUR = 3600;
const DAY = 24 * HOUR;
// How often the service's timer looks after collateral.
const TIMER = 600;

const node = makePeer();
let harness: Harness;

afterEach(async () => {
  await harness.app.close();
});

async function statusOfRelease(quoteOf = platform): Promise<number> {
  const quote = async (reportData: Uint8Array) => (await quoteOf.issueQuote({ reportData })).quote;
  return (await harness.post("/get-key", await harness.request(node, { quote }))).statusCode;
}

/** Starts with a working source, which then fails in the way that `outage` has. */
async function startWithSource() {
  const source = { isDown: false, asked: 0 };
  harness = await startHarness({
    async fetchCollateral({ fmspc }) {
      source.asked += 1;
      if (source.isDown) return err(failure("fetch", "fetch-failed", { subject: "TCB info", reason: "ECONNREFUSED" }));
      const now = Math.floor(harness.clock.wall / 1000);
      return ok(await (fmspc === platform.fmspc ? platform : sibling).collateral({ now }));
    },
  });
  return source;
}

const sibling = await createSimulatedPlatform({ seed: "kms-phala", now: NOW, fmspc: "aabbccddeeff" });

describe("an outage of every source of collateral", () => {
  test("of a day loses no key release", async () => {
    const source = await startWithSource();
    expect(await statusOfRelease()).toBe(200);
    source.isDown = true;
    const statuses: number[] = [];
    for (let passed = 0; passed < DAY; passed += TIMER) {
      harness.clock.advance(TIMER);
      await harness.evidence.refreshDue();
      if (passed % HOUR === 0) statuses.push(await statusOfRelease());
    }
    expect(statuses).toEqual(Array.from({ length: 24 }, () => 200));
    expect(source.asked).toBeGreaterThan(1);
    expect(harness.evidence.condition().platforms).toMatchObject([{ state: "valid", source: "harness" }]);
    source.isDown = false;
    harness.clock.advance(TIMER);
    await harness.evidence.refreshDue();
    expect(harness.evidence.condition().platforms).toMatchObject([{ consecutiveFailures: 0, ageSeconds: 0 }]);
  });

  test("stops key releases in the second after the collateral ends, and not before", async () => {
    const source = await startWithSource();
    expect(await statusOfRelease()).toBe(200);
    const [held] = harness.evidence.condition().platforms;
    source.isDown = true;
    harness.clock.advance(held?.secondsLeft ?? 0);
    expect(await statusOfRelease()).toBe(200);
    harness.clock.advance(1);
    expect(await statusOfRelease()).toBe(503);
    expect(harness.evidence.condition().platforms).toMatchObject([{ state: "expired", secondsLeft: 0 }]);
  });

  test("leaves a platform that came during it without a key, and fetches for it when it is over, unasked", async () => {
    const source = await startWithSource();
    source.isDown = true;
    expect(await statusOfRelease(sibling)).toBe(503);
    source.isDown = false;
    harness.clock.advance(TIMER);
    await harness.evidence.refreshDue();
    const { asked } = source;
    expect(await statusOfRelease(sibling)).toBe(200);
    expect(source.asked).toBe(asked);
  });

  test("is not used to make the service accept a clock that was set back", async () => {
    const source = await startWithSource();
    harness.clock.advance(20 * DAY);
    expect(await statusOfRelease()).toBe(200);
    source.isDown = true;
    harness.clock.advance(-20 * DAY);
    expect(await statusOfRelease()).toBe(503);
  });
});
