import { parseArgs } from "node:util";
import { RELEASE_LANES, type ReleaseLane } from "../packages/release-artifacts/src/index.ts";
import { type LaneReport, runSteps } from "./release/lane-steps.ts";
import { FAILURES, type RehearsedFailure } from "./rehearsal/failures.ts";
import { playSteps, setScene } from "./rehearsal/play.ts";
import { type PlayedFailure, setFailureStage } from "./rehearsal/play-failure.ts";
import { createShow, type Show } from "./rehearsal/show.ts";
import { createRehearsalWorld } from "./rehearsal/world.ts";

/**
 * `pnpm rehearse [--lane kms|node|verifier] [--failures | --failure NAME] [--json]`: plays the release lanes on this machine, from
 * build outputs to a published release, a KMS that starts from it and a node that gets its key; with `--failures`, everything that
 * must stop a lane. TDX platform, Sigstore and release host are simulated, the lanes and all checks are the real ones.
 *
 * Ends with 0; with 1 if a lane stopped, or a failure did not stop it where and as it should; with 2 when the flags are wrong.
 */
interface Asked {
  readonly lanes: readonly ReleaseLane[];
  /** Empty where lanes are played. */
  readonly failures: readonly RehearsedFailure[];
  readonly isJson: boolean;
}

const USAGE = `usage: pnpm --silent rehearse [--lane ${RELEASE_LANES.join("|")}] [--failures | --failure NAME] [--json]`;

function readFlags(args: readonly string[]): Asked {
  const options = {
    lane: { type: "string" },
    failure: { type: "string" },
    failures: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const lane = values.lane === undefined ? undefined : RELEASE_LANES.find((each) => each === values.lane);
  if (values.lane !== undefined && lane === undefined) throw new Error(`--lane is one of ${RELEASE_LANES.join(", ")}`);
  if (values.failures && values.failure !== undefined) throw new Error("--failures plays them all");
  const named = FAILURES.filter(({ name }) => name === values.failure);
  if (values.failure !== undefined && named.length === 0)
    throw new Error(`--failure is one of ${FAILURES.map(({ name }) => name).join(", ")}`);
  const all = values.failures ? FAILURES : named;
  const failures = all.filter((each) => lane === undefined || each.lane === lane);
  if (all.length > 0 && failures.length === 0) throw new Error(`--failure ${values.failure} is not of lane ${lane}`);
  return { lanes: lane === undefined ? ["node", "kms", "verifier"] : [lane], failures, isJson: values.json };
}

interface PlayedLane extends LaneReport {
  readonly lane: ReleaseLane;
}

/** Plays lanes one after the other, until one stops. A KMS needs the node release of its version, so that one comes before. */
async function playLanes(lanes: readonly ReleaseLane[], show: Show): Promise<readonly PlayedLane[]> {
  const world = await createRehearsalWorld();
  const played: PlayedLane[] = [];
  try {
    for (const lane of lanes.includes("kms") && !lanes.includes("node") ? ["node" as const, ...lanes] : lanes) {
      show.chapter(`lane ${lane}${lanes.includes(lane) ? "" : ", which the KMS lane waits for"}`);
      const scene = await setScene(world, lane);
      const report = await runSteps(playSteps(scene), { onStep: show.step });
      played.push({ lane, ...report });
      if (report.stop !== null) break;
    }
    return played;
  } finally {
    await world.close();
  }
}

async function playFailures(failures: readonly RehearsedFailure[], show: Show): Promise<readonly PlayedFailure[]> {
  show.chapter("builds, probes and the node release, once for all");
  const stage = await setFailureStage((_, report) => show.step(report));
  const played: PlayedFailure[] = [];
  try {
    show.chapter("what must stop a lane");
    const onStep = failures.length === 1 ? show.step : undefined;
    for (const failure of failures) {
      const result = await stage.play(failure, onStep);
      played.push(result);
      show.failure(result);
    }
    return played;
  } finally {
    await stage.close();
  }
}

function showLanes(played: readonly PlayedLane[], show: Show): void {
  show.chapter("lanes");
  show.table([
    ["lane", "steps", "outcome"],
    ...played.map(({ lane, steps, stop }) => [
      lane,
      String(steps.length),
      stop === null
        ? "released, verified, audited"
        : `${stop.step}: ${[...stop.rules, stop.code].join(" ")}: ${stop.message}`,
    ]),
  ]);
}

function showFailures(played: readonly PlayedFailure[], show: Show): void {
  show.chapter("failures");
  show.table([
    ["failure", "what is wrong", "stopped at", "by", ""],
    ...played.map(({ failure, report, stoppedBy, isAsExpected }) => [
      failure.name,
      failure.what,
      report.stop?.step ?? "nowhere",
      stoppedBy.join(" "),
      isAsExpected ? "" : `expected ${failure.stoppedAt}: ${failure.stoppedBy.join(" ")}`,
    ]),
  ]);
}

async function main(): Promise<number> {
  const { lanes, failures, isJson } = readFlags(process.argv.slice(2));
  const stream = isJson ? process.stderr : process.stdout;
  const show = createShow({ write: (text) => void stream.write(text), isTerminal: stream.isTTY && !isJson });
  if (failures.length === 0) {
    const played = await playLanes(lanes, show);
    const isGood = played.every(({ stop }) => stop === null);
    showLanes(played, show);
    show.verdict(isGood ? "every lane went to its end" : "a lane stopped", isGood);
    if (isJson) printJson({ lanes: played, failures: [] }, isGood);
    return isGood ? 0 : 1;
  }
  const played = await playFailures(failures, show);
  const wrong = played.filter(({ isAsExpected }) => !isAsExpected);
  showFailures(played, show);
  const verdict = `${played.length - wrong.length} of ${played.length} failures were stopped as they should be`;
  show.verdict(verdict, wrong.length === 0);
  if (isJson) printJson({ lanes: [], failures: played.map(viewOf) }, wrong.length === 0);
  return wrong.length === 0 ? 0 : 1;
}

function viewOf({ failure, report, stoppedBy, isAsExpected }: PlayedFailure): object {
  const { name, what, lane, stoppedAt: at, stoppedBy: by } = failure;
  return {
    name,
    what,
    lane,
    expected: { step: at, by },
    isAsExpected,
    step: report.stop?.step ?? null,
    stoppedBy,
    steps: report.steps,
  };
}

function printJson(fields: object, isGood: boolean): void {
  process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ok: isGood, ...fields }, null, 2)}\n`);
}

// Programs that run for the rehearsal, and its directory, go with it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(130));

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof Error &&
    (("code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")) || error.message.startsWith("--"));
  process.stderr.write(
    isUsage ? `${error.message}\n${USAGE}\n` : `${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = isUsage ? 2 : 1;
}
