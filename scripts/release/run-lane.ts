import type { ReleaseLane } from "../../packages/release-artifacts/src/index.ts";
import { ciLog } from "../ci-log.ts";
import { commitTime } from "../commit-time.ts";
import { Misuse } from "../script-outcome.ts";
import { createGithubHost } from "./github-client.ts";
import { readLaneArguments } from "./lane-arguments.ts";
import { type LaneReport, runSteps } from "./lane-steps.ts";
import { createMeroTee, realWorld } from "./mero-tee.ts";
import { releaseSteps } from "./release-lane.ts";

/** Runs a release lane as a script of a workflow: progress as log lines, the outcome as exit code, with `--json` as a document. */
export async function runLaneScript(lane: ReleaseLane): Promise<void> {
  const log = ciLog();
  try {
    const { run, isDryRun, isJson } = readLaneArguments(lane, process.argv.slice(2), process.env);
    const token = process.env["RELEASE_TOKEN"] ?? "";
    if (token === "" && !isDryRun) throw new Misuse("RELEASE_TOKEN is not set.");
    const environment = { ...process.env, SOURCE_DATE_EPOCH: String(await commitTime(run.commit)) };
    const tools = {
      meroTee: createMeroTee(realWorld(environment)),
      host: createGithubHost({ fetch, repository: run.repository, token }),
    };
    const report = await runSteps(releaseSteps(run, tools), {
      dryRun: isDryRun,
      onStep: ({ step, status, evidence }) =>
        log.line(status === "stopped" ? "ERROR" : "INFO", `${step}: ${status}: ${evidence}`),
    });
    log.result(`release-${lane}`, report.stop === null ? "ok" : "failed", factsOf(run.version, report));
    if (isJson) process.stdout.write(`${JSON.stringify({ schemaVersion: 1, lane, ...report }, null, 2)}\n`);
    process.exitCode = report.stop?.exitCode ?? 0;
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    log.line("ERROR", error.message);
    process.exitCode = 2;
  }
}

function factsOf(version: string, { stop }: LaneReport): Readonly<Record<string, string>> {
  if (stop === null) return { version };
  return { version, reason: stop.code, step: stop.step, rules: stop.rules.join(",") };
}
