import { type LaneStop, StoppedLane } from "./lane-stop.ts";

/** One step of a lane. */
export interface LaneStep {
  /** As the documentation names it. */
  readonly id: string;
  readonly title: string;
  /** Whether the world outside this machine changes by it: such a step is left out of a dry run. */
  readonly changesWorld?: boolean;
  /** @returns what was seen, in a few words */
  readonly run: () => Promise<string>;
}

/** What came of a step. */
export interface StepReport {
  readonly step: string;
  readonly title: string;
  readonly status: "done" | "stopped" | "left-out";
  readonly evidence: string;
}

/** What came of a lane. */
export interface LaneReport {
  readonly steps: readonly StepReport[];
  /** Null for a lane that went to its end. */
  readonly stop: LaneStop | null;
}

/** Runs the steps of a lane in order; nothing after a step that stops is begun. */
export async function runSteps(
  steps: readonly LaneStep[],
  { dryRun = false, onStep = () => undefined }: { dryRun?: boolean; onStep?: (report: StepReport) => void } = {},
): Promise<LaneReport> {
  const reports: StepReport[] = [];
  const note = (report: StepReport): void => {
    reports.push(report);
    onStep(report);
  };
  for (const { id, title, changesWorld = false, run } of steps) {
    const step = { step: id, title };
    if (dryRun && changesWorld) {
      note({ ...step, status: "left-out", evidence: "a dry run changes nothing outside" });
      continue;
    }
    try {
      note({ ...step, status: "done", evidence: await run() });
    } catch (error) {
      if (!(error instanceof StoppedLane)) throw error;
      note({ ...step, status: "stopped", evidence: error.stop.message });
      return { steps: reports, stop: { step: id, ...error.stop } };
    }
  }
  return { steps: reports, stop: null };
}
