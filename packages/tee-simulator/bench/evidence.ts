import { createSimulatedPlatform, type Evidence, type SimulatedPlatform } from "../src/index.ts";
import { withRootOfIntelsLength } from "../test/differential/same-length-root.ts";

/** Instant of every judgement of the benches, Unix seconds. */
export const BENCH_NOW = 1_767_225_600;

/** A simulated platform whose evidence every verifier of the bench can judge. */
export async function benchPlatform(): Promise<SimulatedPlatform> {
  return withRootOfIntelsLength(await createSimulatedPlatform({ seed: "bench", now: BENCH_NOW }));
}

function numbered(length: number, number: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

/** Evidence whose quote no other number has; the attestation key and its QE report are those of the platform, as they are in life. */
export function evidenceOf(platform: SimulatedPlatform, number: number): Evidence {
  return platform.buildEvidence(platform.recipe({ reportData: numbered(64, number) }));
}

/** Evidence whose quote and QE report no other number has: nobody has seen the attestation key vouched for in this way. */
export function newcomersEvidence(platform: SimulatedPlatform, number: number): Evidence {
  const recipe = platform.recipe({ reportData: numbered(64, number) });
  recipe.quote.qeAuthenticationData = numbered(32, number);
  return platform.buildEvidence(recipe);
}
