import { ruleHits, type Comparison } from "./compare.ts";
import { LAXITIES } from "./laxities.ts";
import type { PeerName } from "./peer.ts";
import { HABIT_RULES } from "./peer-habits.ts";
import { REFUSALS } from "./refusals.ts";

/** One rule that explains disagreements of some implementations. */
export interface Rule {
  readonly id: string;
  readonly peers: readonly PeerName[];
  readonly says: string;
  /** The document that says so, with its place; "strict" where this project demands more than Intel's verifier. */
  readonly source: string;
}

/** Every rule once. */
export const RULES: readonly Rule[] = [
  ...new Map<string, Rule>([...HABIT_RULES, ...LAXITIES, ...REFUSALS].map((rule) => [rule.id, rule])).values(),
];

/** Rules that explained nothing, by `peer rule`: an excuse that nobody needs may hide a bug. */
export function unneededRules(comparison: Comparison): readonly string[] {
  const hits = ruleHits(comparison);
  return RULES.flatMap(({ id, peers }) => peers.map((peer) => `${peer} ${id}`)).filter((rule) => !hits.has(rule));
}
