import type { EnvironmentClass, Verdict } from "./report.ts";
import type { StepId, StepStatus } from "./step.ts";

/** What a verdict is made from. */
export interface JudgedStep {
  readonly id: StepId;
  readonly status: StepStatus;
  readonly required: boolean;
}

/** A verdict, and the steps that decided it. */
export interface Decision {
  readonly verdict: Verdict;
  /** For `verified` every required step; for `simulated` the one that says whose root it is. */
  readonly because: readonly StepId[];
}

/** Steps that no appraisal requires, whose failure is fatal all the same: they contradict what others found. */
const FATAL: ReadonlySet<StepId> = new Set(["ita.token", "ita.claims", "app.mrconfigid", "app.key-provider"]);

/** Steps whose warning is a note under the verdict and does not change its colour. */
const ONLY_NOTED: ReadonlySet<StepId> = new Set(["src.side-fields", "tcb.baseline"]);

/** A required step that looked, and found that it holds. Everything else, `info` included, is a step that did not run. */
function hasHeld({ status }: JudgedStep): boolean {
  return status === "pass" || status === "warn";
}

/**
 * Decides. The first that applies wins: `failed`, `simulated`, `incomplete`, `caution`, `verified`; so nothing that was
 * skipped, simulated or in doubt can come out as `verified`.
 *
 * @param steps - every step but `verdict`
 * @param required - steps that must be among them; one that is missing counts as not run
 * Source: docs/verifier.md.
 */
export function decideVerdict(
  steps: readonly JudgedStep[],
  environment: EnvironmentClass,
  required: ReadonlySet<StepId>,
): Decision {
  const failed = steps.filter(({ id, status, required: must }) => status === "fail" && (must || FATAL.has(id)));
  if (failed.length > 0) return { verdict: "failed", because: idsOf(failed) };
  if (environment === "simulated" || environment === "mock") return { verdict: "simulated", because: ["dcap.chain"] };

  const held = new Set(idsOf(steps.filter(hasHeld)));
  const demanded = new Set([...required, ...idsOf(steps.filter((step) => step.required))]);
  const missing = [...demanded].filter((id) => !held.has(id));
  if (missing.length > 0) return { verdict: "incomplete", because: missing };
  // Nobody could tell whose root it is: no chain, no verdict.
  if (environment !== "production") return { verdict: "incomplete", because: ["dcap.chain"] };

  // A failure of a step that nothing rests on is no refusal, and never green either.
  const doubts = steps.filter(({ id, status }) => status === "fail" || (status === "warn" && !ONLY_NOTED.has(id)));
  if (doubts.length > 0) return { verdict: "caution", because: idsOf(doubts) };
  return { verdict: "verified", because: [...demanded] };
}

/**
 * The required steps that did not run, whatever the verdict: what a simulated appraisal lacks, for whoever wants to know
 * whether everything else was in order.
 */
export function missingSteps(steps: readonly JudgedStep[]): readonly StepId[] {
  return idsOf(steps.filter((step) => step.required && !hasHeld(step)));
}

function idsOf(steps: readonly JudgedStep[]): readonly StepId[] {
  return steps.map(({ id }) => id);
}
