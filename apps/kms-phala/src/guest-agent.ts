import type { SecretBytes } from "@mero-tee/kms-protocol";
import type { TdxQuote } from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";

/**
 * Why the guest agent gave nothing usable: it could not be reached or refused, took too long, answered more than any
 * answer has or something else than it should, or quoted other report data than asked for.
 */
export interface GuestAgentError {
  readonly code:
    | "agent-unavailable"
    | "agent-timeout"
    | "agent-answer-too-large"
    | "agent-answer-malformed"
    | "agent-report-data-mismatch";
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

/** A key and certificates for a TLS server, not looked at yet. */
export interface TlsKey {
  /** PEM text. */
  readonly keyPem: SecretBytes;
  /** PEM, the server's own certificate first; 1 to 8. */
  readonly chainPem: readonly string[];
}

/** What the KMS needs of the dstack guest agent. Every call ends within the agent's own time limit. */
export interface GuestAgent {
  /** Quotes 64 bytes of report data. */
  quote(reportData: Uint8Array): Promise<Result<GuestQuote, GuestAgentError>>;
  /** Derives the 32-byte key of a path: the same bytes for the same path and app, for ever. */
  deriveKey(path: string): Promise<Result<SecretBytes, GuestAgentError>>;
  /** Asks for an RTMR3 event. That it succeeded is the agent's word; only a later quote shows it. */
  emitEvent(name: string, payload: Uint8Array): Promise<Result<null, GuestAgentError>>;
  /** Makes a new TLS key with a certificate for server authentication under these DNS names. */
  tlsKey(names: readonly string[]): Promise<Result<TlsKey, GuestAgentError>>;
}
