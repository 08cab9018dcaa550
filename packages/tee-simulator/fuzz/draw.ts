/** Choices of a mutator: a stream of numbers that one number determines, so that a case can be made again. */
export interface Draw {
  /** A whole number of 0..`bound` - 1; 0 for a bound below 1. */
  below(bound: number): number;
  /** One of several; undefined only for an empty list. */
  pick<T>(choices: readonly T[]): T | undefined;
  /** True once in `times`. */
  oneIn(times: number): boolean;
  /** That many bytes. */
  bytes(length: number): Uint8Array;
}

/**
 * Opens the stream of a number (mulberry32). Only speed and repeatability count here; nothing is kept secret with it.
 */
export function createDraw(entropy: number): Draw {
  let state = entropy >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const below = (bound: number): number => (bound < 1 ? 0 : Math.floor((next() / 2 ** 32) * bound));
  return {
    below,
    pick: (choices) => choices[below(choices.length)],
    oneIn: (times) => below(times) === 0,
    bytes: (length) => {
      const words = new Uint32Array(Math.ceil(length / 4));
      for (const index of words.keys()) words[index] = next();
      return new Uint8Array(words.buffer, 0, length);
    },
  };
}
