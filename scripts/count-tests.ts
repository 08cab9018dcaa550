import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/**
 * Adds up vitest's JSON reports and the outcome of the other steps of `.ci/run`. Names what failed, a line each, since whoever reads
 * the end of a long log needs it there, and then prints the line that ends it: `N passed, N failed, N skipped`.
 *
 * Usage: `count-tests.ts FOLDER [FAILED_STEP…]`. A report that is missing, that does not parse, that shows no test, or that
 * failed without a failed test (a file that did not load) counts as one failure: silence must never look like success.
 */
interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults?: readonly TestFile[];
}

interface TestFile {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
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

/** Failed tests by file and name, and files that failed without one. */
function failuresOf(name: string, { testResults = [] }: Report): readonly string[] {
  return testResults
    .filter(({ status }) => status === "failed")
    .flatMap(({ name: file, assertionResults }) => {
      const tests = assertionResults.filter(({ status }) => status === "failed").map(({ fullName }) => ` ${fullName}`);
      return (tests.length === 0 ? [""] : tests).map((test) => `${name} ${relative(process.cwd(), file)}${test}`);
    });
}

const [folder = "", ...failedSteps] = process.argv.slice(2);
let [passed, failed, skipped] = [0, failedSteps.length, 0];
const failures = [...failedSteps];
for (const name of REPORTS) {
  const report = readReport(join(folder, name));
  const isBroken = report.numFailedTests === 0 && (!report.success || report.numPassedTests === 0);
  const named = failuresOf(name, report);
  failures.push(...(isBroken && named.length === 0 ? [`${name} tells of no run that came to its end`] : named));
  passed += report.numPassedTests;
  failed += report.numFailedTests + (isBroken ? 1 : 0);
  skipped += report.numPendingTests + report.numTodoTests;
}
for (const failure of failures) process.stdout.write(`failed: ${failure.replaceAll(/\s+/g, " ")}\n`);
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = failed === 0 ? 0 : 1;
