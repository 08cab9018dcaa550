import { createQuoteVerifier, parseCollateral } from "@mero-tee/tdx-quote";
import type { SimulatedPlatform } from "../src/index.ts";
import { BENCH_NOW, evidenceOf } from "./evidence.ts";

/** Heap in use after so many different quotes, in MiB, each after a collection. */
export interface MemoryProfile {
  readonly quotes: readonly number[];
  readonly heapMiB: readonly number[];
}

/**
 * Verifies different quotes with one long-lived verifier and looks at the heap on the way.
 *
 * @param collect - makes the engine collect garbage
 */
export async function profileMemory(
  platform: SimulatedPlatform,
  quotes: readonly number[],
  collect: () => void,
): Promise<MemoryProfile> {
  const { rootCa, collateral: text } = evidenceOf(platform, 0);
  if (rootCa === null) throw new Error("the bench wants a root of its own");
  const verifier = createQuoteVerifier({ rootCa });
  const collateral = parseCollateral(text);
  if (!collateral.ok) throw new Error(`the bench's own collateral was refused: ${collateral.error.code}`);
  const heapMiB: number[] = [];
  let done = 0;
  for (const target of quotes) {
    for (; done < target; done += 1) {
      const { quote } = evidenceOf(platform, done);
      const result = await verifier.verify(quote, collateral.value, { now: BENCH_NOW });
      if (!result.ok) throw new Error(`the bench's own quote was refused: ${result.error.code}`);
    }
    collect();
    heapMiB.push(process.memoryUsage().heapUsed / 2 ** 20);
  }
  return { quotes, heapMiB };
}
