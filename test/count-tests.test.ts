import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";

const SCRIPT = fileURLToPath(new URL("../scripts/count-tests.ts", import.meta.url));
const GREEN = { success: true, numPassedTests: 10, numFailedTests: 0, numPendingTests: 2, numTodoTests: 1 };
const RED = { ...GREEN, success: false, numPassedTests: 7, numFailedTests: 3 };

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
  { name: "counts steps that failed", chromium: GREEN, steps: 2, line: "30 passed, 2 failed, 9 skipped" },
  { name: "counts a missing run as failed", line: "20 passed, 1 failed, 6 skipped" },
  { name: "counts a torn report as failed", chromium: "{", line: "20 passed, 1 failed, 6 skipped" },
  {
    name: "counts a run without tests as failed",
    chromium: { ...GREEN, numPassedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    line: "20 passed, 1 failed, 6 skipped",
  },
  {
    name: "counts a run that failed outside its tests as failed",
    node: { ...GREEN, success: false },
    chromium: GREEN,
    line: "30 passed, 1 failed, 9 skipped",
  },
])("$name", async ({ node = GREEN, chromium, steps = 0, line }) => {
  const pages = GREEN;
  for (const [name, report] of Object.entries({ node, chromium, pages })) {
    if (report === undefined) continue;
    await writeFile(join(folder, `${name}.json`), typeof report === "string" ? report : JSON.stringify(report));
  }
  const run = await execa(process.execPath, [SCRIPT, folder, String(steps)], { reject: false });
  expect(run.stdout).toBe(line);
  expect(run.exitCode).toBe(line.includes(" 0 failed") ? 0 : 1);
});
