import { createSimulatedPlatform, type Evidence, type SimulatedPlatform } from "../src/index.ts";
import { withRootOfIntelsLength } from "../test/differential/same-length-root.ts";

/** Instant of every judgement of the benches, Unix seconds. */
export const BENCH_NOW = 1_767_225_600;

/** A simulated platform whose evidence every verifier of the bench can judge. */
export async function benchPlatform(): Promise<SimulatedPlatform> {
  return withRootOfIntelsLength(await createSimulatedPlatform({ seed: "bench", now: BENCH_NOW }));
}

/** Evidence whose quote no other number has. */
export function evidenceOf(platform: SimulatedPlatform, number: number): Evidence {
  const reportData = new Uint8Array(64);
  new DataView(reportData.buffer).setUint32(0, number);
  return platform.buildEvidence(platform.recipe({ reportData }));
}
