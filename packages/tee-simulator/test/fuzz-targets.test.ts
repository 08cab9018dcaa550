import { expect, test } from "vitest";
import { createCorpus } from "../fuzz/corpus.ts";
import { explore } from "../fuzz/explore.ts";
import { readFoundCases } from "../fuzz/found-cases.ts";
import { FUZZ_LIMITS } from "../fuzz/limits.ts";
import { probe } from "../fuzz/probe.ts";
import { HAS_REAL_VECTORS } from "../fuzz/real-vectors.ts";
import { FUZZ_TARGETS } from "../fuzz/targets.ts";

if (!HAS_REAL_VECTORS) console.warn("skipped: fuzzing from real quotes (no vectors folder beside the repository)");

/** Beside the seeds; `pnpm fuzz` goes on for as long as it is told. */
const MUTANTS = 150;

const corpus = await createCorpus({ withDefects: false });

test.each(FUZZ_TARGETS)("$name keeps its promises on its corpus and its mutants", async (target) => {
  const seeds = target.seeds(corpus);
  const { tally, findings } = await explore(target, {
    seeds,
    seed: 20_260_225,
    goesOn: ({ executions }) => executions < seeds.length + MUTANTS,
  });
  expect(findings).toEqual([]);
  expect(tally.executions).toBe(seeds.length + MUTANTS);
  // Inputs that all end alike would prove nothing about what lies behind.
  expect(tally.accepted).toBeGreaterThan(0);
  expect(tally.accepted).toBeLessThan(tally.executions);
  expect(tally.outcomes.size).toBeGreaterThan(3);
});

test("the targets have distinct names, which can stand in a file name", () => {
  const names = FUZZ_TARGETS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z][a-z-]*[a-z]$/);
});

test("no case that was found once comes back", async () => {
  const broken: string[] = [];
  for (const { file, target: name, input } of readFoundCases()) {
    const target = FUZZ_TARGETS.find((candidate) => candidate.name === name);
    const probed = target === undefined ? null : await probe(target, input, FUZZ_LIMITS);
    if (probed === null) broken.push(`${file}: no such target`);
    else if (!probed.kept) broken.push(`${file}: ${probed.reason}`);
  }
  expect(broken).toEqual([]);
});
