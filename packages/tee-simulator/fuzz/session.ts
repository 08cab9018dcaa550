import type { Corpus } from "./corpus.ts";
import type { FuzzLimits } from "./limits.ts";
import { supervise, type TargetReport } from "./supervise.ts";
import type { FuzzTarget } from "./target.ts";
import type { TallyMessage } from "./thread-protocol.ts";

/** A run over several targets. */
export interface Session {
  readonly targets: readonly FuzzTarget[];
  /** URL of the module that has them. */
  readonly targetsModule: string;
  readonly corpus: Corpus;
  readonly seed: number;
  /** For each target. */
  readonly seconds: number;
  /** Threads at a time. */
  readonly jobs: number;
  readonly limits?: FuzzLimits;
  readonly onProgress?: (target: string, tally: TallyMessage) => void;
  readonly onReport?: (report: TargetReport) => void;
}

/** Runs every target for its time, a few at once; the reports come in the order of the targets. */
export async function runSession(session: Session): Promise<readonly TargetReport[]> {
  const { targets, corpus, onProgress, onReport, jobs, ...rest } = session;
  const reports = new Map<string, TargetReport>();
  const waiting = [...targets];
  const work = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const { name, seeds } = target;
      const report = await supervise({
        ...rest,
        target: name,
        seeds: seeds(corpus),
        onProgress: (tally) => onProgress?.(name, tally),
      });
      reports.set(name, report);
      onReport?.(report);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work));
  return targets.flatMap(({ name }) => reports.get(name) ?? []);
}
