import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { documentText, type ReleaseLane } from "../../packages/release-artifacts/src/index.ts";
import { writeFile } from "node:fs/promises";
import { type LaneReport, type LaneStep, runSteps, type StepReport } from "../release/lane-steps.ts";
import { releaseSteps } from "../release/release-lane.ts";
import type { RehearsedFailure } from "./failures.ts";
import { prepareSteps, type Scene, setScene } from "./play.ts";
import { createRehearsalWorld, type RehearsalWorld } from "./world.ts";

/** What came of a failure that was played. */
export interface PlayedFailure {
  readonly failure: RehearsedFailure;
  readonly report: LaneReport;
  /** Whether exactly what should have stopped the lane did, where it should. */
  readonly isAsExpected: boolean;
  /** What stopped it: rule ids, or a code; empty if nothing did. */
  readonly stoppedBy: readonly string[];
}

/** A world in which failures are played one after the other, each on the same builds, probes and published releases. */
export interface FailureStage {
  play(failure: RehearsedFailure, onStep?: (report: StepReport) => void): Promise<PlayedFailure>;
  close(): Promise<void>;
}

/**
 * Sets the stage: builds and probes everything once, and publishes the node release that a KMS needs.
 *
 * @throws Error if that alone does not go well: then nothing can be said about failures
 */
export async function setFailureStage(onStep?: (lane: ReleaseLane, report: StepReport) => void): Promise<FailureStage> {
  const world = await createRehearsalWorld();
  try {
    const restoreNothing = await world.github.snapshot();
    const run = async (lane: ReleaseLane, steps: (scene: Scene) => readonly LaneStep[]): Promise<void> => {
      const scene = await setScene(world, lane);
      const report = await runSteps(steps(scene), { onStep: (step) => onStep?.(lane, step) });
      if (report.stop !== null) throw new Error(`the ${lane} lane does not work at all: ${report.stop.message}`);
      await cp(stageOf(scene), preparedFor(world, lane), { recursive: true });
    };
    await run("verifier", prepareSteps);
    const node = await setScene(world, "node");
    await run("node", prepareSteps);
    const released = await runSteps(releaseSteps(node.run, node.tools), { onStep: (step) => onStep?.("node", step) });
    if (released.stop !== null) throw new Error(`the node lane does not work at all: ${released.stop.message}`);
    const restoreNode = await world.github.snapshot();
    await run("kms", prepareSteps);
    return {
      async play(failure, onPlayed) {
        const hasNode = (failure.published ?? (failure.lane === "kms" ? "node-release" : "nothing")) === "node-release";
        await (hasNode ? restoreNode : restoreNothing)();
        return await playFailure(world, failure, onPlayed);
      },
      close: async () => await world.close(),
    };
  } catch (error) {
    await world.close();
    throw error;
  }
}

/** The directory of a scene, and the copy of it that every failure begins with. */
function stageOf({ run }: Scene): string {
  return join(run.inputs, "..");
}

function preparedFor({ directory }: RehearsalWorld, lane: ReleaseLane): string {
  return join(directory, `prepared-${lane}`);
}

async function playFailure(
  world: RehearsalWorld,
  failure: RehearsedFailure,
  onStep?: (report: StepReport) => void,
): Promise<PlayedFailure> {
  const { lane, interference = {}, prepares } = failure;
  await rm(join(world.directory, "release-audit.json"), { force: true });
  await writeFile(world.catalogFile, documentText({ schema_version: 1, releases: [] }));
  const empty = await setScene(world, lane, interference);
  await rm(stageOf(empty), { recursive: true, force: true });
  if (prepares === undefined) await cp(preparedFor(world, lane), stageOf(empty), { recursive: true });
  const scene = await setScene(world, lane, interference);
  await failure.spoil?.(scene);
  const steps = [
    ...(prepares === undefined ? [] : prepareSteps(scene, prepares === true ? undefined : prepares)),
    ...releaseSteps(scene.run, scene.tools),
    ...(failure.afterwards?.(scene) ?? []),
  ];
  const report = await runSteps(
    steps.flatMap((step) => [step, ...interferenceAfter(failure, step, scene)]),
    onStep === undefined ? {} : { onStep },
  );
  const { stop } = report;
  const stoppedBy = stop === null ? [] : stop.rules.length > 0 ? stop.rules : [stop.code];
  const isAsExpected = stop?.step === failure.stoppedAt && sameSet(stoppedBy, failure.stoppedBy);
  return { failure, report, isAsExpected, stoppedBy };
}

function interferenceAfter({ after }: RehearsedFailure, { id }: LaneStep, scene: Scene): readonly LaneStep[] {
  if (after?.step !== id) return [];
  return [{ id: "interference", title: "somebody interferes", run: async () => await after.act(scene) }];
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((each) => right.includes(each));
}
