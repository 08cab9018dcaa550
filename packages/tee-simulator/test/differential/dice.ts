import { createDraw } from "../../fuzz/draw.ts";

/** Repeatable choices: the same number always makes the same case. */
export interface Dice {
  /** A whole number of 0..`bound` - 1. */
  below(bound: number): number;
  /** One of several. */
  pick<T>(choices: readonly [T, ...T[]]): T;
  /** True `percent` times in a hundred. */
  chance(percent: number): boolean;
}

/** Dice of a number; nothing is kept secret with them. */
export function createDice(seed: number): Dice {
  const draw = createDraw(seed);
  return {
    below: (bound) => draw.below(bound),
    pick: (choices) => draw.pick(choices) ?? choices[0],
    chance: (percent) => draw.below(100) < percent,
  };
}
