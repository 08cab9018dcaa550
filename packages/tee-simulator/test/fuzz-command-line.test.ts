import { expect, test } from "vitest";
import { parseFuzzOptions } from "../fuzz/command-line.ts";
import { formatReports, hasPassed, uselessness } from "../fuzz/report.ts";
import type { TargetReport } from "../fuzz/supervise.ts";

const NAMES = ["quote", "crl"];

test.each([
  { args: [], options: { seconds: 60, targets: [], jobs: 2, json: false } },
  {
    args: ["--seconds", "5", "--target", "crl", "--target", "quote", "--seed", "4294967295", "--jobs", "1", "--json"],
    options: { seconds: 5, targets: ["crl", "quote"], seed: 4_294_967_295, jobs: 1, json: true },
  },
])("reads $args", ({ args, options }) => {
  expect(parseFuzzOptions(args, NAMES)).toEqual({ ok: true, value: options });
});

test.each([
  { args: ["--seconds", "0"], names: "--seconds" },
  { args: ["--seconds", "1.5"], names: "--seconds" },
  { args: ["--seconds"], names: "--seconds" },
  { args: ["--jobs", "0"], names: "--jobs" },
  { args: ["--seed", "4294967296"], names: "--seed" },
  { args: ["--target", "nothing"], names: "nothing" },
  { args: ["--sconds", "5"], names: "--sconds" },
  { args: ["quote"], names: "quote" },
])("refuses $args and names the flag", ({ args, names }) => {
  const parsed = parseFuzzOptions(args, NAMES);
  expect(parsed.ok ? "" : parsed.error).toContain(names);
});

const report: TargetReport = {
  target: "quote",
  seconds: 10,
  executions: 5000,
  accepted: 1000,
  outcomes: ["accepted", "refused"],
  findings: [],
};
const finding = { target: "quote", reason: "threw", input: new Uint8Array(1) };

test("a run without findings passes, and the table says how good it was", () => {
  expect(hasPassed([report])).toBe(true);
  const [, row = ""] = formatReports([report]).split("\n");
  expect(row.split(/ {2,}/)).toEqual(["quote", "5000", "500", "20.0 %", "2", "0"]);
});

test.each([
  { name: "a finding", changed: { findings: [finding] } },
  { name: "no accepted input", changed: { accepted: 0 } },
  { name: "accepted inputs only", changed: { accepted: 5000 } },
])("a run with $name does not pass", ({ changed }) => {
  expect(hasPassed([report, { ...report, ...changed }])).toBe(false);
});

test("a run that was too short to tell is not called useless", () => {
  expect(uselessness({ ...report, executions: 999, accepted: 0 })).toBeNull();
  expect(formatReports([{ ...report, accepted: 0 }])).toContain("no input was accepted");
});
