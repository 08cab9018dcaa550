import type { Evidence } from "../../src/index.ts";

/** One quote with the circumstances of its judgement, as every verifier is given it. */
export interface EvidenceCase {
  /** Says where it comes from and makes it findable: a defect with its variant, a number of the generator, a vector. */
  readonly name: string;
  /** What is out of the ordinary, for the report. */
  readonly description: string;
  readonly quote: Uint8Array;
  /** Text of the bundle. */
  readonly collateral: string;
  /** DER of the trust anchor; null for Intel's. */
  readonly rootCa: Uint8Array | null;
  /** Unix seconds. */
  readonly now: number;
}

/** Simulated evidence as a case. Options that only this project has are left out: every verifier judges the same thing. */
export function caseOf(name: string, description: string, evidence: Evidence): EvidenceCase {
  const { quote, collateral, rootCa, now } = evidence;
  return { name, description, quote, collateral, rootCa, now };
}
