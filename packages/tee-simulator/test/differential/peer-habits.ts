import type { PeerName } from "./peer.ts";
import type { TcbHabit } from "./tcb-model.ts";

/** A habit of TCB placement with the rule that it departs from. */
export interface HabitRule {
  readonly id: TcbHabit;
  readonly peers: readonly PeerName[];
  /** What this project does and what the others do. */
  readonly says: string;
  /** The document that says so, with its place; "strict" where this project demands more than Intel's verifier. */
  readonly source: string;
}

/** Every known departure from Intel's rules of TCB placement; each must be needed to explain something. */
export const HABIT_RULES: readonly HabitRule[] = [
  {
    id: "module-components-compared",
    peers: ["js", "wasm"],
    says: "With TEE_TCB_SVN[1] > 0 the TDX components 0 and 1 belong to the module's own identity and are not compared with platform levels; the other compares all 16",
    source: "QVL, TCB level selection",
  },
  {
    id: "module-identity-ignored",
    peers: ["js", "wasm"],
    says: "The TDX module's identity, its level's status and advisories, and the relaunch advice that follows from them, are part of the verdict; the other does not read `tdxModule` and `tdxModuleIdentities`",
    source: "QVL, TDX module identity",
  },
  {
    id: "severity-merge",
    peers: ["js"],
    says: "Statuses merge by Intel's table, where a need for configuration survives `OutOfDate`; the other takes the more severe one",
    source: "QVL, convergence of statuses",
  },
  {
    id: "cpusvn-compared",
    peers: ["js", "wasm"],
    says: "The 16 component SVNs of the PCK certificate are compared with TCB levels; the other compares the bytes of its CPUSVN, a field of its own",
    source: "PCS v4, How to use TCB Info",
  },
  {
    id: "file-order",
    peers: ["js", "wasm"],
    says: "Levels are sorted, highest first; the other takes them in the order of the document",
    source: "PCS v4, How to use TCB Info",
  },
  {
    id: "lexicographic-comparison",
    peers: ["wasm"],
    says: "Every component must reach its own number; the other compares lists of SVNs as a whole, so that a high first component outweighs a low later one",
    source: "PCS v4, How to use TCB Info",
  },
  {
    id: "qe-status-ignored",
    peers: ["wasm"],
    says: "The quoting enclave's TCB level takes part in the verdict; the other does not look at it",
    source: "PCS v4, Enclave Identity",
  },
  {
    id: "no-level-accepted",
    peers: ["wasm"],
    says: "A platform below every level is refused; the other accepts it with the status `Unknown`",
    source: "PCS v4, How to use TCB Info",
  },
  {
    id: "revoked-reported",
    peers: ["wasm"],
    says: "A final status of `Revoked` is a refusal; the other accepts and reports it",
    source: "strict: Revoked is no success",
  },
];

/** The habits of an implementation: it always has all of them. */
export function habitsOf(peer: PeerName): readonly TcbHabit[] {
  return HABIT_RULES.filter(({ peers }) => peers.includes(peer)).map(({ id }) => id);
}
