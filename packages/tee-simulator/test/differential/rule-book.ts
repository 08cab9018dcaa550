import { LAXITIES } from "./laxities.ts";
import type { PeerName } from "./peer.ts";
import { HABIT_RULES } from "./peer-habits.ts";
import { REFUSALS } from "./refusals.ts";

/** One rule that explains disagreements of some implementations. */
export interface Rule {
  readonly id: string;
  readonly peers: readonly PeerName[];
  readonly says: string;
}

/** Every rule once. */
export const RULES: readonly Rule[] = [
  ...new Map<string, Rule>([...HABIT_RULES, ...LAXITIES, ...REFUSALS].map((rule) => [rule.id, rule])).values(),
];
