import type { EvidenceCase } from "./evidence-case.ts";
import { askOurs, explain, isOurPlacementRight } from "./explain.ts";
import { factsOf } from "./facts.ts";
import { describeOutcome } from "./outcome.ts";
import type { Peer, PeerName } from "./peer.ts";

/** Two verifiers that do not say the same about one case. */
interface Disagreement {
  readonly peer: PeerName;
  readonly name: string;
  readonly description: string;
  readonly ours: string;
  readonly theirs: string;
  /** Ids of rules; null where none explains it. */
  readonly rules: readonly string[] | null;
}

/** What comparing many cases came to. */
export interface Comparison {
  readonly cases: number;
  readonly peers: readonly Peer[];
  readonly disagreements: readonly Disagreement[];
  /** Cases that the model of Intel's rules places elsewhere than this project does. */
  readonly misplaced: readonly string[];
}

/** Asks this project and every other implementation about every case. */
export async function compare(makers: Iterable<() => EvidenceCase>, peers: readonly Peer[]): Promise<Comparison> {
  const disagreements: Disagreement[] = [];
  const misplaced: string[] = [];
  let cases = 0;
  for (const make of makers) {
    const evidence = make();
    cases += 1;
    const ours = await askOurs(evidence);
    const ourWords = describeOutcome(ours);
    const facts = factsOf(evidence);
    if (!isOurPlacementRight(facts, ours)) {
      misplaced.push(`${evidence.name}: ${ourWords}; ${evidence.description}`);
    }
    for (const peer of peers) {
      const theirs = await peer.judge(evidence);
      const rules = explain(peer.name, facts, ours, theirs);
      if (rules?.length === 0) continue;
      const { name, description } = evidence;
      disagreements.push({
        peer: peer.name,
        name,
        description,
        ours: ourWords,
        theirs: describeOutcome(theirs),
        rules,
      });
    }
  }
  return { cases, peers, disagreements, misplaced };
}

/** How often each rule explained something, by `peer rule`. */
export function ruleHits({ disagreements }: Comparison): ReadonlyMap<string, number> {
  const hits = new Map<string, number>();
  for (const { peer, rules } of disagreements) {
    for (const id of rules ?? []) hits.set(`${peer} ${id}`, (hits.get(`${peer} ${id}`) ?? 0) + 1);
  }
  return hits;
}

/** Everything that nobody can explain, a line each; a good comparison has none. */
export function unexplained({ disagreements, misplaced }: Comparison): readonly string[] {
  return [
    ...misplaced.map((line) => `not where Intel's rules place it: ${line}`),
    ...disagreements
      .filter(({ rules }) => rules === null)
      .map(({ peer, name, description, ours, theirs }) => {
        return `unexplained: ${name}: this project says "${ours}", ${peer} says "${theirs}"; ${description}`;
      }),
  ];
}
