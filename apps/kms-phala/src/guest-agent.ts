import type { SecretBytes } from "@mero-tee/kms-protocol";
import type { TdxQuote } from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";

/**
 * Why the guest agent gave nothing usable: it could not be reached or refused, took too long, answered something else
 * than it should, or quoted other report data than asked for.
 */
export interface GuestAgentError {
  readonly code: "agent-unavailable" | "agent-timeout" | "agent-answer-malformed" | "agent-report-data-mismatch";
  /** For the log: what was wrong, without anything secret. */
  readonly reason: string;
}

/** A quote of this TD whose own report data is what was asked for. Its event log and VM configuration are claims. */
export interface GuestQuote {
  readonly quote: TdxQuote;
  /** The quote as the agent gave it, padding included. */
  readonly bytes: Uint8Array;
  /** The JSON text of the dstack event log. */
  readonly eventLogText: string;
  /** The entries of the event log, as `JSON.parse` would give them. */
  readonly eventLog: readonly unknown[];
  readonly vmConfig: string;
}

/** What the KMS needs of the dstack guest agent. Every call ends within the agent's own time limit. */
export interface GuestAgent {
  /** Quotes 64 bytes of report data. */
  quote(reportData: Uint8Array): Promise<Result<GuestQuote, GuestAgentError>>;
  /** Derives the 32-byte key of a path: the same bytes for the same path and app, for ever. */
  deriveKey(path: string): Promise<Result<SecretBytes, GuestAgentError>>;
  /** Asks for an RTMR3 event. Success says only that the agent was asked: agents answer errors that nobody sees. */
  emitEvent(name: string, payload: Uint8Array): Promise<Result<null, GuestAgentError>>;
}
