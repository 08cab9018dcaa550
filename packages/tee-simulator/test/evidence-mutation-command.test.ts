import { expect, test } from "vitest";
import { parseSweepOptions } from "./evidence-mutation/command-line.ts";
import { runSweep } from "./evidence-mutation/full-sweep.ts";
import { findings, formatSweep, sweepDocument } from "./evidence-mutation/report.ts";
import { emptyResult, type SweepResult } from "./evidence-mutation/sweep.ts";

test.each([
  { args: [], options: { plan: "every-bit", jobs: 2, json: false } },
  { args: ["--pass", "7", "--jobs", "1", "--json"], options: { plan: { seed: 7, stride: 1 }, jobs: 1, json: true } },
])("reads $args", ({ args, options }) => {
  expect(parseSweepOptions(args)).toEqual({ ok: true, value: options });
});

test.each([
  { args: ["--jobs", "0"], names: "--jobs" },
  { args: ["--jobs", "two"], names: "--jobs" },
  { args: ["--pass", "8"], names: "--pass" },
  { args: ["--pass"], names: "--pass" },
  { args: ["--pases", "1"], names: "--pases" },
  { args: ["quote"], names: "quote" },
])("refuses $args and names the flag", ({ args, names }) => {
  const parsed = parseSweepOptions(args);
  expect(parsed.ok ? "" : parsed.error).toContain(names);
});

function flips({ regions }: SweepResult): number {
  return [...regions.values()].reduce((sum, tally) => sum + tally.flips, 0);
}

test("sweeps every part in threads, and says how far it is", async () => {
  const stride = 2048;
  const done: number[] = [];
  const parts: string[] = [];
  const plan = { seed: 40, stride } as const;
  const result = await runSweep(plan, 2, ({ doneBytes, allBytes, endsPart, part }) => {
    done.push(doneBytes / allBytes);
    if (endsPart) parts.push(part);
  });
  expect(findings(result, plan)).toEqual([]);
  expect(done.at(-1)).toBe(1);
  expect(new Set(parts)).toContain("qe_identity_signature");
  expect(flips(result)).toBeGreaterThan(20);
});

const tally = { bytes: 2, flips: 16, accepted: 1, refusals: new Map([["quote-parse/quote-truncated", 15]]) };
const survivor = { world: "version 4", part: "quote", region: "mrtd", offset: 184, bit: 3, problem: "accepted" };
const seen: SweepResult = {
  regions: new Map([["quote, mrtd", tally]]),
  rows: new Map([["padding", { ...tally, changed: new Set() }]]),
  survivors: [survivor],
};

test("ends with a table of regions, of rows, and what is against the table", () => {
  const lines = formatSweep(seen).split("\n");
  expect(lines[1]).toMatch(/^quote, mrtd +2 +16 +15 +1 +quote-parse\/quote-truncated 15$/);
  expect(lines[2]).toMatch(/^together +2 +16 +15 +1$/);
  expect(lines.find((line) => line.startsWith("padding"))).toMatch(/^padding +2 +16 +15 +1$/);
  expect(findings(seen, { seed: 0, stride: 1 })).toEqual(["version 4: quote, mrtd, byte 184, bit 3: accepted"]);
});

test("counts a stale row only against a sweep of every bit", () => {
  const one = { seed: 0, stride: 1 } as const;
  expect(findings(emptyResult(), one)).toEqual([]);
  expect(findings(emptyResult(), "every-bit")).toContain("padding: no flip that it covers was tried and accepted");
});

test("gives the same as one document", () => {
  const document = sweepDocument(seen, { seed: 0, stride: 1 });
  expect(JSON.parse(JSON.stringify(document))).toEqual({
    schemaVersion: 1,
    plan: { seed: 0, stride: 1 },
    regions: [
      {
        name: "quote, mrtd",
        bytes: 2,
        flips: 16,
        refused: 15,
        accepted: 1,
        refusals: { "quote-parse/quote-truncated": 15 },
      },
    ],
    unauthenticated: [
      {
        name: "padding",
        bytes: 2,
        flips: 16,
        refused: 15,
        accepted: 1,
        refusals: { "quote-parse/quote-truncated": 15 },
      },
    ],
    findings: ["version 4: quote, mrtd, byte 184, bit 3: accepted"],
  });
});
