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
  { name: "adds both runs up", node: GREEN, chromium: GREEN, line: "20 passed, 0 failed, 6 skipped" },
  { name: "counts failures of either run", node: GREEN, chromium: RED, line: "17 passed, 3 failed, 6 skipped" },
  { name: "counts steps that failed", node: GREEN, chromium: GREEN, steps: 2, line: "20 passed, 2 failed, 6 skipped" },
  { name: "counts a missing run as failed", node: GREEN, line: "10 passed, 1 failed, 3 skipped" },
  { name: "counts a torn report as failed", node: GREEN, chromium: "{", line: "10 passed, 1 failed, 3 skipped" },
  {
    name: "counts a run without tests as failed",
    node: GREEN,
    chromium: { ...GREEN, numPassedTests: 0, numPendingTests: 0, numTodoTests: 0 },
    line: "10 passed, 1 failed, 3 skipped",
  },
  {
    name: "counts a run that failed outside its tests as failed",
    node: { ...GREEN, success: false },
    chromium: GREEN,
    line: "20 passed, 1 failed, 6 skipped",
  },
])("$name", async ({ node, chromium, steps = 0, line }) => {
  for (const [name, report] of Object.entries({ node, chromium })) {
    if (report === undefined) continue;
    await writeFile(join(folder, `${name}.json`), typeof report === "string" ? report : JSON.stringify(report));
  }
  const run = await execa(process.execPath, [SCRIPT, folder, String(steps)], { reject: false });
  expect(run.stdout).toBe(line);
  expect(run.exitCode).toBe(line.includes(" 0 failed") ? 0 : 1);
});
