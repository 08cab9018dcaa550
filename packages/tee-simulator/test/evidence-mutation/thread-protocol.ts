import type { FlipPlan } from "./flip-plan.ts";
import type { SweepResult } from "./sweep.ts";
import type { WorldName } from "./world.ts";

/** What a thread is to sweep next. */
export interface SweepTask {
  readonly world: WorldName;
  /** Which of the world's parts. */
  readonly part: number;
  /** Among the bytes of the part's regions. */
  readonly from: number;
  readonly to: number;
  readonly plan: FlipPlan;
}

/** What came of a task. */
export interface SweepAnswer {
  readonly task: SweepTask;
  readonly result: SweepResult;
}
