import type { FileScore, Survivor } from "./mutation-report.ts";

/** A change of the code that no test notices, and why that is so: a row of `docs/surviving-mutants.json`. */
export interface ExplainedMutant extends Survivor {
  readonly why: string;
}

/** What of a run and of the explanations does not fit together. */
interface SurvivorProblems {
  /** Survivors that nobody has explained. */
  readonly unexplained: readonly Survivor[];
  /** Explanations of changes, in files that were tried, that a test notices or that are no more. */
  readonly outdated: readonly ExplainedMutant[];
}

const keyOf = ({ file, from, to }: Survivor): string => JSON.stringify([file, from, to]);

/** Compares the survivors of a run with the explanations. */
export function compareSurvivors(
  scores: readonly FileScore[],
  explained: readonly ExplainedMutant[],
): SurvivorProblems {
  const survivors = scores.flatMap((score) => score.survivors);
  const known = new Set(explained.map(keyOf));
  const alive = new Set(survivors.map(keyOf));
  const tried = new Set(scores.map(({ file }) => file));
  return {
    unexplained: survivors.filter((mutant) => !known.has(keyOf(mutant))),
    outdated: explained.filter((mutant) => tried.has(mutant.file) && !alive.has(keyOf(mutant))),
  };
}
