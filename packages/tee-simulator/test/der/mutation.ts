import { BYTE_MUTATORS } from "../../fuzz/mutators/bytes.ts";
import { DER_MUTATORS } from "../../fuzz/mutators/der.ts";
import { createDraw } from "../../fuzz/draw.ts";
import type { Seeds } from "./corpus.ts";

/** An encoding with the change that made it. */
export interface Mutant {
  readonly name: string;
  readonly der: Uint8Array;
}

/** Longer ones only take longer. */
const LONGEST = 20_000;

/** Makes mutants of seeds: every seed as it is, then as many changed ones as asked for, the same ones every time. */
export function* mutantsOf({ all, simulated }: Seeds, count: number): Generator<Mutant, void, undefined> {
  for (const [index, der] of all.entries()) yield { name: `seed ${index}`, der };
  for (let number = 0; number < count; number += 1) {
    const draw = createDraw(number);
    const seed = draw.pick(simulated) ?? new Uint8Array(0);
    const mutator = draw.pick(draw.oneIn(4) ? BYTE_MUTATORS : DER_MUTATORS);
    const der = mutator?.apply(seed, draw, draw.pick(simulated) ?? seed) ?? seed;
    if (der.length <= LONGEST) yield { name: `mutant ${number}: ${mutator?.name ?? ""}`, der };
  }
}
