import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { createCorpus } from "../fuzz/corpus.ts";
import { explore } from "../fuzz/explore.ts";
import { keepFinding, readFoundCases } from "../fuzz/found-cases.ts";
import type { FuzzLimits } from "../fuzz/limits.ts";
import { supervise } from "../fuzz/supervise.ts";
import { FUZZ_TARGETS } from "./fuzz-planted-targets.ts";

/** A fuzzer that cannot find a mistake proves nothing: these are parsers with one planted mistake each. */
const LIMITS: FuzzLimits = {
  maxInputBytes: 64,
  cpuMsPer64KiB: 5,
  memoryBytes: 8 * 2 ** 20,
  hangMs: 1500,
  heapMiB: 64,
};

const PLANTED_MODULE = new URL("./fuzz-planted-targets.ts", import.meta.url).href;
const corpus = await createCorpus({ withDefects: false });

function planted(name: string) {
  const target = FUZZ_TARGETS.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(name);
  return target;
}

async function search(name: string, executions = 4000) {
  const target = planted(name);
  return await explore(target, {
    seeds: target.seeds(corpus),
    seed: 20_260_225,
    limits: LIMITS,
    goesOn: (tally) => tally.executions < executions,
  });
}

test("finds nothing in a sound parser", async () => {
  const { tally, findings } = await search("sound");
  expect(findings).toEqual([]);
  expect(tally.executions).toBe(4000);
  expect([...tally.outcomes.keys()].toSorted()).toEqual(["accepted", "length"]);
});

test.each([
  { name: "throws", reason: "threw RangeError: content of # bytes" },
  { name: "throws-no-error", reason: "threw string" },
  { name: "reads-before", reason: "broken promise: the same input has the same result (value)" },
  { name: "returns-beyond", reason: "broken promise: the same input has the same result (value.inner.#)" },
  { name: "wavers", reason: "broken promise: the same input has the same result (value.calls)" },
  { name: "wavers-outcome", reason: "broken promise: the same input has the same outcome" },
  { name: "writes", reason: "broken promise: a parser does not write to its input" },
  { name: "breaks-its-word", reason: "broken promise: content is empty" },
  { name: "slow", reason: "broken promise: time is linear in the length of the input" },
  { name: "greedy", reason: "broken promise: memory is bounded by the length of the input" },
])("finds the parser called $name and makes the case small", async ({ name, reason }) => {
  const { findings } = await search(name);
  expect(findings.map((finding) => finding.reason.replace(/ \(.* in .*\)$/, ""))).toContain(reason);
  const found = findings.find((finding) => finding.reason.startsWith(reason));
  expect(found?.target).toBe(name);
  expect(found?.input).toContain(0x7f);
  expect(found?.input.length).toBeLessThanOrEqual(8);
});

test.each([
  { name: "hangs", reason: "no answer: the parser hangs", hangMs: LIMITS.hangMs },
  // On a busy machine the heap takes longer to fill than a thread of a test may be silent.
  { name: "exhausts-the-heap", reason: "the heap of the thread is exhausted", hangMs: 25_000 },
  {
    name: "pollutes",
    reason: "broken promise: nothing reaches the prototype of objects",
    hangMs: LIMITS.hangMs,
  },
])("survives the parser called $name, and says on which input", async ({ name, reason, hangMs }) => {
  const report = await supervise({
    targetsModule: PLANTED_MODULE,
    target: name,
    seeds: planted(name).seeds(corpus),
    seed: 20_260_225,
    seconds: 2,
    limits: { ...LIMITS, hangMs },
  });
  expect(report.findings.map((finding) => finding.reason)).toContain(reason);
});

test("runs a sound parser in a thread until its time is over", async () => {
  const report = await supervise({
    targetsModule: PLANTED_MODULE,
    target: "sound",
    seeds: planted("sound").seeds(corpus),
    seed: 1,
    seconds: 1,
    limits: LIMITS,
  });
  expect(report).toMatchObject({ target: "sound", findings: [], outcomes: ["accepted", "length"] });
  expect(report.executions).toBeGreaterThan(report.accepted);
  expect(report.accepted).toBeGreaterThan(0);
});

test("reports a thread that fails, so that nothing passes for a run", async () => {
  const assignment = { targetsModule: PLANTED_MODULE, target: "none", seeds: [], seed: 1, seconds: 1, limits: LIMITS };
  const report = await supervise(assignment);
  expect(report.findings.map(({ reason }) => reason)).toEqual(["the thread failed: no target is called none"]);
});

test("makes the same inputs from the same seed, and others from another", async () => {
  const target = planted("sound");
  const inputsOf = async (seed: number): Promise<readonly string[]> => {
    const inputs: string[] = [];
    await explore(target, {
      seeds: target.seeds(corpus),
      seed,
      limits: LIMITS,
      goesOn: ({ executions }) => executions < 200,
      onInput: (input) => inputs.push(Buffer.from(input).toString("hex")),
    });
    return inputs;
  };
  const first = await inputsOf(7);
  expect(await inputsOf(7)).toEqual(first);
  expect(await inputsOf(8)).not.toEqual(first);
});

test("keeps a finding as a case that can be read again", () => {
  const folder = mkdtempSync(join(tmpdir(), "mero-tee-fuzz-"));
  try {
    const url = new URL(`${pathToFileURL(folder).href}/`);
    const input = Uint8Array.of(1, 0x7f);
    const file = keepFinding({ target: "tcb-info", reason: "threw", input }, url);
    expect(file).toMatch(/^tcb-info-[0-9a-f]{16}\.bin$/);
    expect(readFoundCases(url)).toEqual([{ file, target: "tcb-info", input }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
