import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../scripts/count-tests.ts", import.meta.url));
const GREEN = { success: true, numPassedTests: 10, numFailedTests: 0, numPendingTests: 2, numTodoTests: 1 };
const RED = { ...GREEN, success: false, numPassedTests: 7, numFailedTests: 3 };
const FILE = `${process.cwd()}/a.test.ts`;
/** A report of one file with one failed test. */
const NAMED = {
  ...RED,
  testResults: [
    { name: `${process.cwd()}/good.test.ts`, status: "passed", assertionResults: [] },
    {
      name: FILE,
      status: "failed",
      assertionResults: [
        { fullName: "keeps", status: "passed" },
        { fullName: "loses\n  much", status: "failed" },
      ],
    },
  ],
};
/** A report of one file that did not load. */
const UNLOADED = {
  ...GREEN,
  success: false,
  testResults: [{ name: FILE, status: "failed", assertionResults: [] }],
};
const BROKEN = "chromium.json tells of no run that came to its end";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mero-tee-reports-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

test.each([
  { name: "adds all runs up", chromium: GREEN, line: "30 passed, 0 failed, 9 skipped" },
  { name: "counts failures of any run", chromium: RED, line: "27 passed, 3 failed, 9 skipped" },
  {
    name: "counts steps that failed",
    chromium: GREEN,
    steps: ["fuzz", "static checks"],
    failures: ["fuzz", "static checks"],
    line: "30 passed, 2 failed, 9 skipped",
  },
  { name: "counts a missing run as failed", failures: [BROKEN], line: "20 passed, 1 failed, 6 skipped" },
  { name: "counts a torn report as failed", chromium: "{", failures: [BROKEN], line: "20 passed, 1 failed, 6 skipped" },
  {
    name: "counts a run without tests as failed",
    chromium: { ...GREEN, numPassedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    failures: [BROKEN],
    line: "20 passed, 1 failed, 6 skipped",
  },
  {
    name: "counts a run that failed outside its tests as failed",
    node: { ...GREEN, success: false },
    chromium: GREEN,
    failures: ["node.json tells of no run that came to its end"],
    line: "30 passed, 1 failed, 9 skipped",
  },
  {
    name: "names a failed test",
    chromium: NAMED,
    failures: ["chromium.json a.test.ts loses much"],
    line: "27 passed, 3 failed, 9 skipped",
  },
  {
    name: "names a file that did not load",
    chromium: UNLOADED,
    failures: ["chromium.json a.test.ts"],
    line: "30 passed, 1 failed, 9 skipped",
  },
])("$name", async ({ node = GREEN, chromium, steps = [], failures = [], line }) => {
  const pages = GREEN;
  for (const [name, report] of Object.entries({ node, chromium, pages })) {
    if (report === undefined) continue;
    await writeFile(join(folder, `${name}.json`), typeof report === "string" ? report : JSON.stringify(report));
  }
  const run = await execa(process.execPath, [SCRIPT, folder, ...steps], { reject: false });
  expect(run.stdout.split("\n")).toStrictEqual([...failures.map((failure) => `failed: ${failure}`), line]);
  expect(run.exitCode).toBe(line.includes(" 0 failed") ? 0 : 1);
});
