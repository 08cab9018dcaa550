import { FUZZ_LIMITS, type FuzzLimits } from "./limits.ts";
import { minimise } from "./minimise.ts";
import { carryOut, plans } from "./plan.ts";
import { probe } from "./probe.ts";
import type { FuzzTarget } from "./target.ts";

/** An input that made a target break a promise. */
export interface Finding {
  readonly target: string;
  /** Which promise, in one line. */
  readonly reason: string;
  readonly input: Uint8Array;
}

/** How often a target ran, and how it went. */
export interface Tally {
  executions: number;
  accepted: number;
  /** Executions of each outcome. */
  readonly outcomes: Map<string, number>;
}

/** One search through a target. */
export interface Exploration {
  readonly seeds: readonly Uint8Array[];
  /** Chooses every input: the same seed gives the same inputs in the same order. */
  readonly seed: number;
  readonly limits?: FuzzLimits;
  /** Asked before every input with what was done until then; false ends the search. */
  readonly goesOn: (tally: Tally) => boolean;
  /** Told of every input before it runs: the only trace that a hang or an exhausted heap leaves. */
  readonly onInput?: (input: Uint8Array) => void;
  readonly onFinding?: (finding: Finding) => void;
}

/** What came of a search. */
export interface ExplorationResult {
  readonly tally: Tally;
  readonly findings: readonly Finding[];
}

/** More distinct findings than anyone reads at once. */
const MOST_FINDINGS = 16;

/** How much likelier an accepted input is to be mutated: what was refused mostly is refused again, for the same reason. */
const ACCEPTED_WEIGHT = 8;

/** Inputs kept because they were the first to take their way through the parser. */
const MOST_DISCOVERIES = 512;

/**
 * Runs a target on all of its seeds, then on mutants of them, until told to stop. An input with a new outcome joins the
 * pool, so later mutants start from there. Each broken promise is reported once, with the smallest input found for it.
 */
export async function explore(target: FuzzTarget, exploration: Exploration): Promise<ExplorationResult> {
  const { seeds, seed, limits = FUZZ_LIMITS, goesOn, onInput, onFinding } = exploration;
  const tally: Tally = { executions: 0, accepted: 0, outcomes: new Map() };
  const findings = new Map<string, Finding>();
  const pool: Uint8Array[] = [];

  let discoveries = 0;

  const run = async (input: Uint8Array): Promise<string | null> => {
    onInput?.(input);
    const probed = await probe(target, input, limits);
    if (!probed.kept) return probed.reason;
    const times = tally.outcomes.get(probed.outcome) ?? 0;
    const isSeed = tally.executions <= seeds.length;
    if (isSeed || (times === 0 && discoveries < MOST_DISCOVERIES)) {
      if (!isSeed) discoveries += 1;
      pool.push(...Array.from({ length: probed.accepted ? ACCEPTED_WEIGHT : 1 }, () => input));
    }
    tally.outcomes.set(probed.outcome, times + 1);
    if (probed.accepted) tally.accepted += 1;
    return null;
  };
  const take = async (input: Uint8Array): Promise<void> => {
    tally.executions += 1;
    const reason = await run(input);
    if (reason === null || findings.has(reason)) return;
    const smallest = await minimise(input, async (candidate) => {
      onInput?.(candidate);
      const probed = await probe(target, candidate, limits);
      return !probed.kept && probed.reason === reason;
    });
    const finding = { target: target.name, reason, input: smallest };
    findings.set(reason, finding);
    onFinding?.(finding);
  };

  for (const input of seeds) {
    if (!goesOn(tally)) break;
    await take(input);
  }
  for (const plan of plans(seed)) {
    if (!goesOn(tally) || findings.size >= MOST_FINDINGS) break;
    await take(carryOut(plan, target, pool, limits.maxInputBytes));
  }
  return { tally, findings: [...findings.values()] };
}
