import type { FailureCode, Stage } from "@mero-tee/tdx-quote";
import type { Facts } from "./facts.ts";
import type { PeerName } from "./peer.ts";

/** Why this project refuses what another accepts. */
export interface Laxity {
  readonly id: string;
  readonly peers: readonly PeerName[];
  readonly stage: Stage;
  /** Empty for a usage error, which has no code. */
  readonly codes: readonly FailureCode[];
  /** What this project demands and what the others do. */
  readonly says: string;
  /** The document that says so, with its place; "strict" where this project demands more than Intel's verifier. */
  readonly source: string;
  /** Whether the evidence has just this flaw, by the facts alone. */
  readonly applies: (facts: Facts) => boolean;
}

/** Both other implementations. */
export const BOTH: readonly PeerName[] = ["js", "wasm"];
