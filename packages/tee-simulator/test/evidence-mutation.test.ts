import { STAGES, type Stage } from "@mero-tee/tdx-quote";
import { describe, expect, test } from "vitest";
import { createSimulatedPlatform } from "../src/index.ts";
import { plannedBits, plannedBytes } from "./evidence-mutation/flip-plan.ts";
import { partsOf, type Part } from "./evidence-mutation/part.ts";
import { SECOND_SPELLINGS, type SecondSpelling } from "./evidence-mutation/second-spelling.ts";
import { addResult, emptyResult, staleRows, sweepPart, type SweepResult } from "./evidence-mutation/sweep.ts";
import { UNAUTHENTICATED } from "./evidence-mutation/unauthenticated.ts";
import { verdictDifferences } from "./evidence-mutation/verdict-differences.ts";
import { createWorld, WORLD_NAMES, type World } from "./evidence-mutation/world.ts";

/** Which pass of the sweep this run makes; the passes 0 to 255 are the whole sweep. */
const SEED = Number(process.env["MERO_TEE_EVIDENCE_PASS"] ?? 0);
const STRIDE = 32;

const worlds = await Promise.all(WORLD_NAMES.map(createWorld));

function worldOf(name: World["name"]): World {
  const world = worlds.find((candidate) => candidate.name === name);
  if (world === undefined) throw new RangeError(`no world is called ${name}`);
  return world;
}

function only(part: Part, isMeant: (region: string) => boolean): Part {
  return { ...part, regions: part.regions.filter(({ name }) => isMeant(name)) };
}

function partOf(world: World, name: string): Part {
  const part = partsOf(world).find((candidate) => candidate.name === name);
  if (part === undefined) throw new RangeError(`${world.name} has no part ${name}`);
  return part;
}

function flips({ regions }: SweepResult): number {
  return [...regions.values()].reduce((sum, tally) => sum + tally.flips, 0);
}

/** For each row of the table a region that it covers, at least in part. */
const EXAMPLES = [
  ["version 4", "quote", "padding"],
  ["version 4", "quote", "NUL after the PCK chain"],
  ["version 4", "bundle text", "tcb_info_signature"],
  ["PCK named by PPID", "quote", "certificationData"],
  ["PCK chain in quote and bundle", "quote", "innerType"],
  ["PCK chain in quote and bundle", "bundle text", "pck_certificate_chain"],
] as const;

/** Where a change of a part may be found: when its text is read, or when what authenticates it is judged. */
const STAGES_OF: readonly (readonly [part: RegExp, stages: readonly Stage[]])[] = [
  [/^(?:quote|bundle text)$/, STAGES],
  [/^trust anchor$/, ["trust-anchor"]],
  [/^root in /, ["collateral-parse", "trust-anchor"]],
  [/^PCK /, ["collateral-parse", "pck-chain"]],
  [/^TCB signing in tcb_info/, ["collateral-parse", "tcb-info"]],
  [/^TCB signing in qe_identity/, ["collateral-parse", "qe-identity"]],
  [/^root_ca_crl$/, ["collateral-parse", "crl"]],
  [/^pck_crl$/, ["collateral-parse", "pck-chain"]],
  [/^tcb_info/, ["collateral-parse", "tcb-info"]],
  [/^qe_identity/, ["collateral-parse", "qe-identity"]],
];

/** The stages of all refusals of a sweep. */
function refusingStages({ regions }: SweepResult): readonly string[] {
  const codes = [...regions.values()].flatMap(({ refusals }) => [...refusals.keys()]);
  return [...new Set(codes.map((code) => code.split("/")[0] ?? ""))];
}

type Verdict = Awaited<ReturnType<World["judge"]>>;

/** In the words of a second spelling: which fields differ, or where it was refused. */
function comparedWith(original: Verdict | undefined, verdict: Verdict | undefined): SecondSpelling["expected"] {
  if (original?.ok !== true || verdict === undefined) throw new Error("the original evidence was refused");
  if (verdict.ok) return { ok: true, differs: verdictDifferences(original.value, verdict.value).toSorted() };
  return { ok: false, stage: verdict.error.stage, code: verdict.error.code };
}

const isCertification = (region: string): boolean => /PCK|^PEM|^base64|^line breaks/.test(region);

describe("one bit of evidence turned over", () => {
  const parts = worlds.flatMap((world) =>
    partsOf(world).map((part) => ({ name: `${world.name}: ${part.name}`, world, part })),
  );

  test.each(parts)(
    `is refused where the table does not say otherwise (pass ${SEED}): $name`,
    async ({ world, part }) => {
      const result = await sweepPart(world, part, { plan: { seed: SEED, stride: STRIDE }, judge: world.judge });
      expect(result.survivors).toEqual([]);
      expect(flips(result)).toBeGreaterThan(0);
      const stages = STAGES_OF.find(([name]) => name.test(part.name))?.[1];
      expect(stages).toEqual(expect.arrayContaining([...refusingStages(result)]));
    },
  );

  test.each(worlds)("is refused as well by a verifier that has just accepted the original: $name", async (world) => {
    const result = emptyResult();
    for (const part of partsOf(world)) {
      // A stride that shares no factor with the lengths of fields, so that every part gets a few.
      const plan = { seed: SEED, stride: 61 };
      addResult(result, await sweepPart(world, part, { plan, judge: world.judgeAgain, to: 61 * 16 }));
    }
    expect(result.survivors).toEqual([]);
    expect(flips(result)).toBeGreaterThan(10);
  });

  test.each(worlds.filter(({ name }) => name.startsWith("version")))(
    "is refused in every byte of a quote but its PCK chain: $name",
    async (world) => {
      const part = only(partOf(world, "quote"), (region) => !isCertification(region));
      const result = await sweepPart(world, part, { plan: { seed: SEED, stride: 1 }, judge: world.judgeAgain });
      expect(result.survivors).toEqual([]);
      expect(flips(result)).toBe(plannedBytes(part).length);
    },
  );

  test("leaves no row of the table without an accepted flip, and no field that a row allows unchanged", async () => {
    const result = emptyResult();
    for (const [name, partName, region] of EXAMPLES) {
      const world = worldOf(name);
      const part = only(partOf(world, partName), (candidate) => candidate === region);
      addResult(result, await sweepPart(world, part, { plan: "every-bit", judge: world.judge, to: 8 }));
    }
    expect(result.survivors).toEqual([]);
    expect(staleRows(result)).toEqual([]);
  });
});

describe("a sweep", () => {
  const world = worldOf("version 4");
  const padding = only(partOf(world, "quote"), (region) => region === "padding");
  const signature = partOf(world, "tcb_info_signature");
  const some = { plan: { seed: 0, stride: 8 }, judge: world.judge } as const;

  test("finds bytes that are accepted and stand in no row", async () => {
    const table = UNAUTHENTICATED.filter(({ id }) => id !== "padding");
    const { survivors } = await sweepPart(world, padding, some, table);
    expect(survivors).toHaveLength(9);
    expect(survivors[0]?.problem).toBe("accepted, and no row of the table says so");
  });

  test("finds bytes that stand in a row and are refused", async () => {
    const row = { id: "wishful", where: "", reason: "", mayChange: [], covers: () => true };
    const { survivors } = await sweepPart(world, signature, some, [row]);
    expect(survivors).toHaveLength(8);
    expect(survivors[0]?.problem).toBe("refused (tcb-info/tcb-info-signature-invalid), though the table says wishful");
  });

  test("finds a verdict that differs in a field that its row does not name", async () => {
    const nul = only(partOf(world, "quote"), (region) => region.startsWith("NUL"));
    const table = UNAUTHENTICATED.map((row) => ({ ...row, mayChange: ["quote.quoteBytes"] }));
    const { survivors } = await sweepPart(world, nul, { plan: "every-bit", judge: world.judge }, table);
    expect(survivors.map(({ problem }) => problem)).toEqual([
      "accepted (end-of-pck-chain), but these differ: quote.certificationData.bytes",
    ]);
  });

  test("finds rows that nothing needs and fields that never differ", async () => {
    const table = UNAUTHENTICATED.map((row) => ({ ...row, mayChange: ["fmspc"] }));
    const result = await sweepPart(world, padding, some, table);
    expect(staleRows(result, table)).toEqual(
      UNAUTHENTICATED.map(({ id }) =>
        id === "padding" ? "padding: fmspc never differed" : `${id}: no flip that it covers was tried and accepted`,
      ),
    );
  });

  test("finds what a verifier with a hole lets through", async () => {
    const judge = (): Promise<Verdict> => world.judge(world);
    const { survivors } = await sweepPart(world, signature, { ...some, judge });
    expect(survivors).toHaveLength(8);
  });

  test("covers every byte of the quote and of the bundle once", () => {
    for (const name of ["quote", "bundle text"]) {
      const part = partOf(world, name);
      const offsets = plannedBytes(part).map(({ offset }) => offset);
      expect(offsets).toEqual([...part.bytes.keys()]);
    }
  });

  test.each([1, 4])("tries every bit of every byte once in the passes of a stride of %i", (stride) => {
    const seen = Array.from({ length: 8 * stride }, (_, seed) => seed).flatMap((seed) =>
      Array.from({ length: 64 }, (_, offset) =>
        plannedBits({ seed, stride }, offset).map((bit) => 8 * offset + bit),
      ).flat(),
    );
    expect(seen.toSorted((one, two) => one - two)).toEqual(Array.from({ length: 512 }, (_, index) => index));
  });
});

describe("the same evidence written in another way", () => {
  const world = worldOf("version 4");

  test.each(SECOND_SPELLINGS)("comes to what its rule says: $name", async ({ expected, rewrite }) => {
    const platform = await createSimulatedPlatform({ seed: "evidence mutation", now: world.now });
    const recipe = platform.recipe({ reportData: new Uint8Array(64) });
    const plain = platform.buildEvidence(recipe);
    rewrite(recipe);
    const rewritten = platform.buildEvidence(recipe);
    const isSame = rewritten.collateral === plain.collateral && rewritten.quote.toString() === plain.quote.toString();
    expect(isSame).toBe(false);
    const [original, verdict] = await Promise.all(
      [plain, rewritten].map((evidence) => world.judge({ ...evidence, rootCa: platform.rootCa })),
    );
    expect(comparedWith(original, verdict)).toEqual(expected);
  });
});
