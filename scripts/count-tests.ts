import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Adds up vitest's JSON reports and the outcome of the other steps of `.ci/run`, and prints the line that ends it:
 * `N passed, N failed, N skipped`.
 *
 * Usage: `count-tests.ts FOLDER FAILED_STEPS`. A report that is missing, that does not parse, that shows no test, or that
 * failed without a failed test (a file that did not load) counts as one failure: silence must never look like success.
 */
interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

/** What `pnpm test` leaves in the folder that `MERO_TEE_TEST_REPORT` names; see the vitest configurations. */
const REPORTS = ["node.json", "chromium.json", "pages.json"];
const MISSING: Report = { success: false, numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };

function readReport(file: string): Report {
  if (!existsSync(file)) return MISSING;
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    // A run that ended while it wrote: counted as one that left nothing.
    return MISSING;
  }
}

const [folder = "", failedSteps = "1"] = process.argv.slice(2);
let [passed, failed, skipped] = [0, Number(failedSteps), 0];
for (const report of REPORTS.map((name) => readReport(join(folder, name)))) {
  const isBroken = report.numFailedTests === 0 && (!report.success || report.numPassedTests === 0);
  passed += report.numPassedTests;
  failed += report.numFailedTests + (isBroken ? 1 : 0);
  skipped += report.numPendingTests + report.numTodoTests;
}
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
