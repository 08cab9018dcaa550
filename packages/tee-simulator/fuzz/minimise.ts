import { performance } from "node:perf_hooks";

/** How hard to try: a smaller case is kinder to read, not more of a proof. */
const MOST_TRIALS = 400;
const LONGEST_MS = 15_000;

/**
 * Makes an input smaller by leaving out runs of bytes, ever shorter ones, while it still shows what was found.
 *
 * @param shows - whether an input shows the same finding; asked at most 400 times, for at most 15 seconds
 */
export async function minimise(
  input: Uint8Array,
  shows: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  const deadline = performance.now() + LONGEST_MS;
  let smallest = input;
  let trials = 0;
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    let start = 0;
    while (start < smallest.length) {
      if (trials >= MOST_TRIALS || performance.now() >= deadline) return smallest;
      const candidate = Buffer.concat([smallest.subarray(0, start), smallest.subarray(start + size)]);
      trials += 1;
      if (await shows(candidate)) smallest = candidate;
      else start += size;
    }
  }
  return smallest;
}
