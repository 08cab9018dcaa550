import { createHash } from "node:crypto";
import {
  compareReplay,
  findRuntimeEvent,
  parseEventLog,
  FAILURE_CODES,
  parseQuote,
  replayEventLog,
  verifyQuote,
  type Failure,
} from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";
import { describe, expect, test } from "vitest";
import {
  createSimulatedPlatform,
  DEFECTS,
  type Defect,
  type Evidence,
  type ExpectedOutcome,
  type PckAuthority,
} from "../src/index.ts";

const NOW = 1_772_000_000;
const platform = await createSimulatedPlatform({ seed: "defects", now: NOW });

const SHAPES = [
  { version: 4, bodyType: 2 },
  { version: 5, bodyType: 2 },
  { version: 5, bodyType: 3 },
] as const;

/** What came out, in the words of the registry. */
type Outcome = Readonly<Record<string, unknown>>;

function outcomeOf(failure: Failure): Outcome {
  return { ok: false, stage: failure.stage, code: failure.code };
}

async function judgeQuote(evidence: Evidence): Promise<Outcome> {
  const options = {
    now: evidence.now,
    ...(evidence.rootCa === null ? {} : { rootCa: evidence.rootCa }),
    ...evidence.options,
  };
  let verdict: Awaited<ReturnType<typeof verifyQuote>>;
  try {
    verdict = await verifyQuote(evidence.quote, evidence.collateral, options);
  } catch (thrown) {
    if (thrown instanceof RangeError) return { ok: false, usageError: true };
    throw thrown;
  }
  if (!verdict.ok) return outcomeOf(verdict.error);
  return { ok: true, tcbStatus: verdict.value.tcbStatus, advisoryIds: verdict.value.advisoryIds };
}

/** Parse, look the compose hash up, replay, compare every register that has events. */
function judgeLog(evidence: Evidence, format: "ccel" | "dstack"): Outcome {
  const quote = unwrap(parseQuote(evidence.quote));
  const log = parseEventLog(format === "ccel" ? evidence.ccel : evidence.eventLog, format);
  if (!log.ok) return outcomeOf(log.error);
  const found = format === "dstack" ? findRuntimeEvent(log.value, "compose-hash", "before-ready") : null;
  if (found !== null && !found.ok) return outcomeOf(found.error);
  const registers = Object.values(compareReplay(log.value, replayEventLog(log.value), quote.report));
  const differs = registers.some(({ events, matches }) => events > 0 && !matches);
  if (differs) return { ok: false, stage: "event-log", code: "event-log-mismatch" };
  const composeHash = found?.value ?? null;
  return { ok: true, composeHash: composeHash === null ? null : Buffer.from(composeHash).toString("hex") };
}

function unwrap<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

async function judge(defect: Defect, evidence: Evidence): Promise<Outcome> {
  return defect.subject === "quote" ? await judgeQuote(evidence) : judgeLog(evidence, defect.subject);
}

const reportData = Uint8Array.from({ length: 64 }, (_, index) => 200 - index);

function fingerprint({ quote, collateral, eventLog, ccel, rootCa, now, options }: Evidence): string {
  const hash = createHash("sha256").update(quote).update(collateral).update(eventLog).update(ccel);
  return hash
    .update(rootCa ?? "none")
    .update(JSON.stringify({ now, ...options }))
    .digest("hex");
}

/** What no refusal may be made of: a defect that changes nothing would only test the expectation. */
const flawless = new Set(
  (["node", "kms"] as const).flatMap((role) =>
    SHAPES.map((shape) => fingerprint(platform.buildEvidence(platform.recipe({ reportData, role, ...shape })))),
  ),
);

describe.each(DEFECTS.map((defect) => ({ id: defect.id, defect })))("$id", ({ defect }) => {
  test.each(
    defect.variantNames.map((name, variant) => ({
      name,
      variant,
      expected: defect.expected[variant] satisfies ExpectedOutcome | undefined,
    })),
  )("comes to what its rule says: $name", async ({ variant, expected }) => {
    const evidence = defect.make(platform, { variant, reportData });
    expect(await judge(defect, evidence)).toMatchObject({ ...expected });
    expect(expected?.ok === false && flawless.has(fingerprint(evidence))).toBe(false);
    expect({}).not.toHaveProperty("polluted");
  });
});

describe("a bound of a document", () => {
  const windows = DEFECTS.filter(({ id }) => id === "now-boundaries").flatMap((defect) =>
    defect.variantNames.map((name, variant) => ({ name, variant, defect })),
  );

  test.each(windows.filter(({ defect, variant }) => defect.expected[variant]?.ok === true))(
    "is when the verdict expires: $name",
    async ({ defect, variant }) => {
      const { quote, collateral, rootCa, now } = defect.make(platform, { variant, reportData });
      const verdict = await verifyQuote(quote, collateral, { now, ...(rootCa === null ? {} : { rootCa }) });
      expect(verdict).toMatchObject({ ok: true, value: { earliestExpiration: NOW + 100 } });
    },
  );
});

describe("the registry", () => {
  test("has each case once", () => {
    expect(new Set(DEFECTS.map(({ id }) => id)).size).toBe(DEFECTS.length);
  });

  test("gives every variant a name of its own and an expectation", () => {
    for (const { variants, variantNames, expected } of DEFECTS) {
      expect(variants).toBeGreaterThan(0);
      expect(new Set(variantNames).size).toBe(variants);
      expect(variantNames).not.toContain("");
      expect(expected.length).toBe(variants);
    }
  });

  test("reaches every failure code but those of the network, and the one that takes two collaterals", () => {
    const codes = new Set(DEFECTS.flatMap(({ expected }) => expected.map((outcome) => Object(outcome)["code"])));
    const unreached = FAILURE_CODES.filter((code) => !codes.has(code) && !code.startsWith("fetch-"));
    expect(unreached).toEqual(["early-collateral-older"]);
  });

  test("refuses a variant that does not exist", () => {
    for (const defect of DEFECTS) {
      expect(() => defect.make(platform, { variant: defect.variants })).toThrow(RangeError);
    }
  });

  test("refuses a case that does not exist", async () => {
    await expect(platform.issueQuote({ reportData, defect: "no-such-case" })).rejects.toThrow(RangeError);
  });

  test("makes the same evidence for the same seed", async () => {
    const twin = await createSimulatedPlatform({ seed: "defects", now: NOW });
    for (const defect of DEFECTS) {
      const [one, two] = [platform, twin].map((maker) => fingerprint(defect.make(maker, { variant: 0, reportData })));
      expect(one).toBe(two);
    }
  });
});

describe("a quote issued with a defect", () => {
  test("is judged with the collateral of that defect", async () => {
    const { quote } = await platform.issueQuote({ reportData, defect: "tcb-info-expired" });
    const collateral = await platform.collateralText({ forQuote: quote });
    const verdict = await verifyQuote(quote, collateral, { now: NOW, rootCa: platform.rootCa });
    expect(verdict).toMatchObject({ ok: false, error: { code: "tcb-info-expired" } });
  });

  test("leaves the collateral of other quotes alone", async () => {
    await platform.issueQuote({ reportData, defect: "tcb-info-expired" });
    const others = [new Uint8Array(64), reportData].map((bytes) => platform.issueQuote({ reportData: bytes }));
    for (const { quote } of await Promise.all(others)) {
      const collateral = await platform.collateralText({ forQuote: quote });
      const verdict = await verifyQuote(quote, collateral, { now: NOW, rootCa: platform.rootCa });
      expect(verdict).toMatchObject({ ok: true, value: { tcbStatus: "UpToDate" } });
    }
  });
});

describe("flawless evidence", () => {
  const authorities: readonly PckAuthority[] = ["platform", "processor"];
  const seeds = ["one", "two", "three", "four"];
  const rows = seeds.flatMap((seed) => authorities.flatMap((ca) => SHAPES.map((shape) => ({ seed, ca, ...shape }))));

  test.each(rows)("verifies: seed $seed, $ca CA, version $version, body $bodyType", async ({ seed, ca, ...shape }) => {
    const maker = await createSimulatedPlatform({ seed, ca, now: NOW });
    const { quote } = await maker.issueQuote({ reportData, ...shape });
    const options = { now: NOW, rootCa: maker.rootCa, expectedReportData: reportData };
    const verdict = await verifyQuote(quote, await maker.collateralText(), options);
    expect(verdict).toMatchObject({
      ok: true,
      value: { tcbStatus: "UpToDate", fmspc: maker.fmspc, trustAnchor: "custom" },
    });
  });

  test("is the same whether built at once or from its recipe", async () => {
    for (const role of ["node", "kms"] as const) {
      for (const shape of SHAPES) {
        const request = {
          reportData,
          role,
          profile: "debug",
          report: { mrConfigId: "5a".repeat(48) },
          ...shape,
        } as const;
        const { quote, eventLog, ccel } = await platform.issueQuote(request);
        expect(platform.buildEvidence(platform.recipe(request))).toMatchObject({ quote, eventLog, ccel });
      }
    }
  });

  test("does not verify under the root of another platform", async () => {
    const [one, two] = await Promise.all(seeds.slice(0, 2).map((seed) => createSimulatedPlatform({ seed, now: NOW })));
    if (one === undefined || two === undefined) throw new Error("two platforms were made");
    const { quote } = await one.issueQuote({ reportData });
    const verdict = await verifyQuote(quote, await one.collateralText(), { now: NOW, rootCa: two.rootCa });
    expect(verdict).toMatchObject({ ok: false, error: { code: "chain-root-untrusted" } });
  });

  test("carries the status that the platform was made with", async () => {
    const maker = await createSimulatedPlatform({ seed: "one", now: NOW, tcbStatus: "SWHardeningNeeded" });
    const { quote } = await maker.issueQuote({ reportData });
    const verdict = await verifyQuote(quote, await maker.collateralText(), { now: NOW, rootCa: maker.rootCa });
    expect(verdict).toMatchObject({ ok: true, value: { tcbStatus: "SWHardeningNeeded" } });
  });

  test("can be judged a year later with the collateral of that day", async () => {
    const later = NOW + 365 * 86_400;
    const { quote } = await platform.issueQuote({ reportData });
    const collateral = await platform.collateralText({ forQuote: quote, now: later });
    expect(await verifyQuote(quote, collateral, { now: later, rootCa: platform.rootCa })).toMatchObject({ ok: true });
    const today = await platform.collateralText({ forQuote: quote });
    expect(await verifyQuote(quote, today, { now: later, rootCa: platform.rootCa })).toMatchObject({ ok: false });
  });
});
