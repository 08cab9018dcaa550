import { existsSync, readFileSync } from "node:fs";

/**
 * Adds up vitest's JSON report and the outcome of the other steps of `.ci/run`, and prints the line that ends it:
 * `N passed, N failed, N skipped`.
 *
 * Usage: `count-tests.ts REPORT FAILED_STEPS`. A report that is missing, that shows no test, or that failed without a failed
 * test (a file that did not load) counts as one failure: silence must never look like success.
 */
interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
}

const [file = "", failedSteps = "1"] = process.argv.slice(2);
const empty: Report = { success: false, numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
const report: Report = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : empty;

const brokenRun = report.numFailedTests === 0 && (!report.success || report.numPassedTests === 0) ? 1 : 0;
const failed = report.numFailedTests + brokenRun + Number(failedSteps);
process.stdout.write(
  `${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests + report.numTodoTests} skipped\n`,
);
process.exitCode = failed === 0 ? 0 : 1;
