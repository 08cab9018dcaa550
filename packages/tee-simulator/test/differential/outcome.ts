import type { FailureCode, Stage } from "@mero-tee/tdx-quote";

/** What an acceptance says. */
export interface Acceptance {
  readonly kind: "accepted";
  readonly status: string;
  readonly advisories: readonly string[];
  /** MRTD, RTMRs and report data as the verifier gives them back, lower-case hex. */
  readonly registers: Readonly<Record<string, string>>;
}

/** What this project says. */
export type OurOutcome =
  | Acceptance
  | { readonly kind: "refused"; readonly stage: Stage; readonly code: FailureCode; readonly subject: string }
  /** The instant of judgement was none: no verdict at all. */
  | { readonly kind: "usage-error" };

/** What another implementation says. */
export type TheirOutcome = Acceptance | { readonly kind: "refused"; readonly message: string };

/** Whether two verifiers say the same: both refuse, for whatever reason, or both accept with the same content. */
export function agree(ours: OurOutcome, theirs: TheirOutcome): boolean {
  if (ours.kind !== "accepted" || theirs.kind !== "accepted")
    return ours.kind !== "accepted" && theirs.kind !== "accepted";
  return ours.status === theirs.status && sameAdvisories(ours, theirs) && sameRegisters(ours, theirs);
}

/** Whether the same advisories apply, in any order. */
export function sameAdvisories(one: Pick<Acceptance, "advisories">, other: Pick<Acceptance, "advisories">): boolean {
  return one.advisories.toSorted().join() === other.advisories.toSorted().join();
}

/** Whether both verifiers read the same measurements out of the quote. */
export function sameRegisters(one: Acceptance, other: Acceptance): boolean {
  const names = Object.keys(one.registers);
  return names.length > 0 && names.every((name) => one.registers[name] === other.registers[name]);
}

/** One line for people. */
export function describeOutcome(outcome: OurOutcome | TheirOutcome): string {
  if (outcome.kind === "usage-error") return "usage error";
  if (outcome.kind === "accepted") {
    return outcome.advisories.length === 0 ? outcome.status : `${outcome.status} (${outcome.advisories.join(", ")})`;
  }
  return "message" in outcome ? `refused: ${outcome.message}` : `refused: ${outcome.stage} / ${outcome.code}`;
}
