import { appraise } from "./appraise.ts";
import type { EvidenceFile } from "./read-evidence-file.ts";
import type { Report } from "./report.ts";
import type { Anchors } from "./request.ts";
import type { Step, StepId, StepStatus } from "./step.ts";

/** A step that came to something else than before. */
export interface ChangedStep {
  readonly id: StepId;
  readonly before: StepStatus;
  readonly now: StepStatus;
}

/** An evidence file, appraised anew. */
export interface Reappraisal {
  /** With the clock at the instant at which the file was made. */
  readonly asOf: Report;
  /** With the clock of today. */
  readonly today: Report;
  /** Where {@link asOf} differs from what the file says about itself: it was edited, or made by another verifier. */
  readonly differsFromRecord: readonly ChangedStep[];
  /** What time has changed. */
  readonly changedSince: readonly ChangedStep[];
  readonly digestMatches: boolean;
}

/**
 * Appraises an evidence file twice: as of the instant at which it was made, and today. What the file says about steps and
 * verdict changes neither.
 *
 * @param today - Unix seconds
 */
export async function reappraise(file: EvidenceFile, anchors: Anchors, today: number): Promise<Reappraisal> {
  const asOf = await appraise(file.request, anchors);
  // The other clock was looked at then, and a second opinion is good for minutes.
  const trustAuthority = { status: "absent", reason: "its answer of then does not speak about today" } as const;
  const now = await appraise({ ...file.request, now: today, otherClock: null, trustAuthority }, anchors);
  const before = new Map(asOf.steps.filter(({ id }) => !OF_THEN.has(id)).map(({ id, status }) => [id, status]));
  return {
    asOf,
    today: now,
    differsFromRecord: changesOf(file.recorded.steps, asOf.steps),
    changedSince: changesOf(before, now.steps),
    digestMatches: file.digestMatches,
  };
}

/** Steps that nobody repeats today. */
const OF_THEN: ReadonlySet<StepId> = new Set(["env.clock", "ita.token", "ita.claims"]);

function changesOf(before: ReadonlyMap<StepId, StepStatus>, steps: readonly Step[]): readonly ChangedStep[] {
  return steps.flatMap(({ id, status }): ChangedStep[] => {
    const earlier = before.get(id);
    return earlier === undefined || earlier === status ? [] : [{ id, before: earlier, now: status }];
  });
}
