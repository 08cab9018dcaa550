import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Finding } from "./level.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WHERE = ["test/node-image", "packages/image-measure"] as const;

/** The part of vitest's JSON report that is read. */
interface FileReport {
  readonly name: string;
  readonly startTime: number;
  readonly endTime: number;
  readonly message: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    readonly failureMessages: readonly string[];
  }[];
}

/** One finding a file of tests; a file that did not load has failed. */
function fileFinding({ name, startTime, endTime, message, assertionResults }: FileReport): Finding {
  const count = (status: string): number => assertionResults.filter((one) => one.status === status).length;
  const failures = assertionResults.filter(({ status }) => status === "failed");
  const problems = failures.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0] ?? ""}`);
  const passed = count("passed");
  const skipped = assertionResults.length - passed - problems.length;
  if (assertionResults.length === 0) problems.push(message);
  return {
    name: relative(ROOT, name),
    profile: null,
    passed,
    problems,
    skipped,
    seconds: (endTime - startTime) / 1000,
    seen: [],
  };
}

/** Runs the tests of boot scripts, of the judge of trees and of predictions. */
export async function* unitLevel(): AsyncGenerator<Finding> {
  const folder = await mkdtemp(join(tmpdir(), "image-unit-"));
  try {
    const outputFile = join(folder, "report.json");
    const args = ["run", "--reporter=json", `--outputFile=${outputFile}`, ...WHERE];
    const { all } = await execa("vitest", args, {
      cwd: ROOT,
      preferLocal: true,
      localDir: ROOT,
      reject: false,
      all: true,
    });
    const report: { readonly testResults: readonly FileReport[] } = JSON.parse(
      await readFile(outputFile, "utf8").catch(() => {
        throw new Error(`vitest left no report:\n${all}`);
      }),
    );
    for (const file of report.testResults) yield fileFinding(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
