import { verifyQuote } from "@mero-tee/tdx-quote";
import type { EvidenceCase } from "./evidence-case.ts";
import type { Facts } from "./facts.ts";
import { LAXITIES } from "./laxities.ts";
import { agree, sameAdvisories, sameRegisters, type OurOutcome, type TheirOutcome } from "./outcome.ts";
import type { PeerName } from "./peer.ts";
import { habitsOf } from "./peer-habits.ts";
import { REFUSALS } from "./refusals.ts";
import { placeTcb, subsetsBySize, type TcbAnswer, type TcbHabit } from "./tcb-model.ts";

/** Asks this project; only the instant and the anchor are given, as to the others. */
export async function askOurs({ quote, collateral, now, rootCa }: EvidenceCase): Promise<OurOutcome> {
  try {
    const verdict = await verifyQuote(quote, collateral, { now, ...(rootCa === null ? {} : { rootCa }) });
    if (!verdict.ok) {
      const { stage, code, facts } = verdict.error;
      return { kind: "refused", stage, code, subject: facts.subject ?? "" };
    }
    const { tcbStatus, advisoryIds, quote: parsed } = verdict.value;
    const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3, reportData } = parsed.report;
    const registers = { mrtd, rtmr0, rtmr1, rtmr2, rtmr3, reportData };
    return { kind: "accepted", status: tcbStatus, advisories: advisoryIds, registers };
  } catch (thrown) {
    if (thrown instanceof RangeError) return { kind: "usage-error" };
    throw thrown;
  }
}

/** Whether an outcome is what a placement comes to. */
function isPlacedAs(answer: TcbAnswer, outcome: OurOutcome | TheirOutcome): boolean {
  if (answer.kind === "refused") return outcome.kind === "refused";
  return outcome.kind === "accepted" && outcome.status === answer.status && sameAdvisories(outcome, answer);
}

/** What the others say when placement in TCB levels is what they refuse. */
const PLACEMENT_MESSAGE = /^(?:No matching TCB level found|TCB status is invalid|QE ISVSVN \d+ is below)/;

/** The fewest habits with which the model says what the other says; null unless all of its habits together give that too. */
function explainPlacement(peer: PeerName, facts: Facts, theirs: TheirOutcome): readonly TcbHabit[] | null {
  const habits = habitsOf(peer);
  if (!isPlacedAs(placeTcb(facts, habits), theirs)) return null;
  return subsetsBySize(habits).find((subset) => isPlacedAs(placeTcb(facts, subset), theirs)) ?? null;
}

/** Whether the model without habits gives this project's own answer: a third opinion on every placement. */
export function isOurPlacementRight(facts: Facts, ours: OurOutcome): boolean {
  if (ours.kind === "accepted") return isPlacedAs(placeTcb(facts, []), ours);
  return ours.kind !== "refused" || ours.stage !== "tcb-status" || isPlacedAs(placeTcb(facts, []), ours);
}

function explainAcceptance(
  peer: PeerName,
  facts: Facts,
  ours: OurOutcome,
  theirs: TheirOutcome,
): readonly string[] | null {
  const habits = explainPlacement(peer, facts, theirs);
  if (habits === null) return null;
  if (ours.kind === "accepted" || (ours.kind === "refused" && ours.stage === "tcb-status")) {
    return habits.length === 0 ? null : habits;
  }
  const laxity = LAXITIES.find((candidate) => {
    if (!candidate.peers.includes(peer) || !candidate.applies(facts)) return false;
    if (ours.kind === "usage-error") return candidate.codes.length === 0;
    return candidate.stage === ours.stage && candidate.codes.includes(ours.code);
  });
  return laxity === undefined ? null : [laxity.id, ...habits];
}

function explainRefusal(peer: PeerName, facts: Facts, message: string): readonly string[] | null {
  const refusal = REFUSALS.find(
    (candidate) => candidate.peers.includes(peer) && candidate.message.test(message) && candidate.applies(facts),
  );
  if (refusal !== undefined) return [refusal.id];
  if (!PLACEMENT_MESSAGE.test(message)) return null;
  const habits = explainPlacement(peer, facts, { kind: "refused", message });
  return habits === null || habits.length === 0 ? null : habits;
}

/**
 * Says why another implementation disagrees.
 *
 * @returns ids of rules; empty where there is no disagreement; null where no rule explains it
 */
export function explain(
  peer: PeerName,
  facts: Facts,
  ours: OurOutcome,
  theirs: TheirOutcome,
): readonly string[] | null {
  if (agree(ours, theirs)) return [];
  if (!isOurPlacementRight(facts, ours)) return null;
  if (theirs.kind === "refused") return explainRefusal(peer, facts, theirs.message);
  if (ours.kind === "accepted" && !sameRegisters(ours, theirs)) return null;
  return explainAcceptance(peer, facts, ours, theirs);
}
