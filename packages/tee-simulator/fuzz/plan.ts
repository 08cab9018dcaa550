import * as fc from "fast-check";
import { createDraw } from "./draw.ts";
import { mutate, type FuzzTarget } from "./target.ts";

/** How one input is made: which inputs it starts from, then which changes with which choices. */
export interface Plan {
  readonly base: number;
  readonly other: number;
  readonly steps: readonly (readonly [mutator: number, entropy: number])[];
}

const PLAN = fc.record({
  base: fc.nat(),
  other: fc.nat(),
  steps: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }),
});

const BATCH = 256;

/** An endless stream of plans; the same seed gives the same stream. */
export function* plans(seed: number): Generator<Plan, never, undefined> {
  for (let batch = 0; ; batch += 1) {
    // fast-check takes seeds of 32 bits; odd steps visit every one of them.
    yield* fc.sample(PLAN, { seed: (seed + Math.imul(batch, 0x9e3779b1)) | 0, numRuns: BATCH });
  }
}

/** Small numbers come more often than others out of fast-check; spread, so that no input and no mutator does. */
function spread(number: number, bound: number): number {
  return createDraw(number).below(bound);
}

/**
 * Makes the input of a plan.
 *
 * @param pool - at least one input to start from
 * @param maxBytes - a change that would pass this length is left out
 */
export function carryOut(plan: Plan, target: FuzzTarget, pool: readonly Uint8Array[], maxBytes: number): Uint8Array {
  const other = pool[spread(plan.other, pool.length)] ?? new Uint8Array();
  let input = pool[spread(plan.base, pool.length)] ?? new Uint8Array();
  for (const [index, entropy] of plan.steps) {
    const mutator = target.mutators[spread(index, target.mutators.length)];
    const changed = mutator === undefined ? input : mutate(mutator, input, entropy, other);
    if (changed.length <= Math.max(maxBytes, input.length)) input = changed;
  }
  return input;
}
