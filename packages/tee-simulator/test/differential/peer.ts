import type { EvidenceCase } from "./evidence-case.ts";
import type { TheirOutcome } from "./outcome.ts";

/** The other implementations by name: `@phala/dcap-qvl` and `@phala/dcap-qvl-web`. */
export type PeerName = "js" | "wasm";

/** Another implementation of quote verification. */
export interface Peer {
  readonly name: PeerName;
  readonly title: string;
  judge(evidence: EvidenceCase): Promise<TheirOutcome>;
}

/**
 * The bundle as the peers take it: whatever a caller's `JSON.parse` makes of the text.
 *
 * Throws SyntaxError where it makes nothing of it, which counts as the peer's refusal.
 */
export function bundleOf({ collateral }: EvidenceCase): unknown {
  const bundle: unknown = JSON.parse(collateral);
  return bundle;
}

/** The message of whatever was thrown, the causes after it. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause === undefined ? thrown.message : `${thrown.message} (${messageOf(thrown.cause)})`;
}
