import type { Part } from "./part.ts";

/** Which flips of a part to try: all of them, or one pass of many. */
export type FlipPlan = "every-bit" | SampledPass;

/**
 * One pass out of `8 * stride`: in every `stride`-th byte one bit, another in each byte. The seeds 0 to `8 * stride - 1` together
 * try every bit of every byte once.
 */
interface SampledPass {
  /** Whole, from 0. */
  readonly seed: number;
  readonly stride: number;
}

const ALL_BITS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** A number of 0..7 that looks random beside those of neighbours (Knuth's multiplicative hash). */
function scatter(offset: number): number {
  return Math.imul(offset + 1, 0x9e37_79b1) >>> 29;
}

/** The bits of the byte at `offset` that a plan tries. */
export function plannedBits(plan: FlipPlan, offset: number): readonly number[] {
  if (plan === "every-bit") return ALL_BITS;
  const { seed, stride } = plan;
  if (offset % stride !== seed % stride) return [];
  return [(scatter(offset) + Math.floor(seed / stride)) % 8];
}

/** The offsets of a part that lie in its regions, with the name of the region. */
export function plannedBytes({ regions }: Part): readonly { readonly offset: number; readonly region: string }[] {
  return regions.flatMap(({ name, offset, size }) =>
    Array.from({ length: size }, (_, index) => ({ offset: offset + index, region: name })),
  );
}
