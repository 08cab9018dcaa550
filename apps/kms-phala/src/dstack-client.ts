import { SecretBytes } from "@mero-tee/kms-protocol";
import { parseQuote } from "@mero-tee/tdx-quote";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";
import { parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { DstackClient } from "@phala/dstack-sdk";
import { withDeadline } from "./deadline.ts";
import type { GuestAgent, GuestAgentError, GuestQuote } from "./guest-agent.ts";

// A node waits 30 s for its answer, and the SDK as long for the agent: without a shorter limit of our own the node
// would never learn why.
const DEFAULT_TIMEOUT_MS = 6_000;
const KEY_BYTES = 32;
const EVENT_LOG_BYTES = 8 * 1024 * 1024;

/** Settings of {@link createDstackAgent}. */
export interface DstackAgentOptions {
  /** Always explicit: without a path the SDK would follow `DSTACK_SIMULATOR_ENDPOINT`. */
  readonly socketPath: string;
  readonly timeoutMs?: number;
}

/**
 * Makes the adapter to the dstack guest agent. The SDK client is made anew for each call, since its constructor throws
 * while the socket is missing; its answers are checked here, since it checks little: `getKey` decodes hex leniently
 * and `emitEvent` ignores errors.
 *
 * Source: dstack guest agent RPC; `@phala/dstack-sdk` 0.5.8.
 */
export function createDstackAgent(options: DstackAgentOptions): GuestAgent {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;

  async function call<T>(ask: (client: DstackClient) => Promise<T>): Promise<Result<T, GuestAgentError>> {
    try {
      const answer = ask(new DstackClient(options.socketPath)).then((value) => ok(value));
      return await withDeadline(answer, timeoutMs, () => timedOut(timeoutMs));
    } catch (error) {
      return err({ code: "agent-unavailable", reason: error instanceof Error ? error.message : "unknown error" });
    }
  }
  return {
    async quote(reportData) {
      const answer = await call((client) => client.getQuote(reportData));
      return answer.ok ? readQuote(answer.value, reportData) : answer;
    },
    async deriveKey(path) {
      const answer = await call((client) => client.getKey(path, "", "secp256k1"));
      return answer.ok ? readKey(answer.value.key) : answer;
    },
    async emitEvent(name, payload) {
      const answer = await call((client) => client.emitEvent(name, payload));
      return answer.ok ? ok(null) : answer;
    },
  };
}

function timedOut(timeoutMs: number): { readonly ok: false; readonly error: GuestAgentError } {
  return err({ code: "agent-timeout", reason: `no answer within ${timeoutMs} ms` });
}

function malformed(reason: string): { readonly ok: false; readonly error: GuestAgentError } {
  return err({ code: "agent-answer-malformed", reason });
}

interface QuoteAnswer {
  readonly quote?: unknown;
  readonly event_log?: unknown;
  readonly vm_config?: unknown;
}

function readQuote(answer: QuoteAnswer, reportData: Uint8Array): Result<GuestQuote, GuestAgentError> {
  const { quote: quoteHex, event_log: eventLogText, vm_config: vmConfig = "" } = answer;
  const bytes = typeof quoteHex === "string" ? parseHex(quoteHex) : null;
  if (bytes === null) return malformed("the quote is not hex");
  const quote = parseQuote(bytes);
  if (!quote.ok) return malformed(`the quote does not parse: ${quote.error.code}`);
  // The agent's own `report_data` is a claim beside the quote; only the quote's bytes count.
  if (quote.value.report.reportData !== toHex(reportData)) {
    return err({ code: "agent-report-data-mismatch", reason: "the quote holds other report data than asked for" });
  }
  if (typeof eventLogText !== "string") return malformed("the event log is not text");
  const eventLog = parseStrictJson(eventLogText, { maxBytes: EVENT_LOG_BYTES });
  if (!eventLog.ok) return malformed(`the event log is not JSON: ${eventLog.error.reason}`);
  const entries = toPlainJson(eventLog.value);
  if (!Array.isArray(entries)) return malformed("the event log is not an array");
  if (typeof vmConfig !== "string") return malformed("the VM configuration is not text");
  return ok({ quote: quote.value, bytes, eventLogText, eventLog: entries, vmConfig });
}

function readKey(key: unknown): Result<SecretBytes, GuestAgentError> {
  if (!(key instanceof Uint8Array) || key.length !== KEY_BYTES) return malformed("the key is not 32 bytes");
  // All bytes equal is what an empty or zeroed buffer looks like, and never what a key derivation gives.
  if (key.every((byte) => byte === key[0])) return malformed("the key is constant");
  // A copy of our own, since the SDK's buffer could be a part of a larger one.
  const secret = new SecretBytes(new Uint8Array(key));
  key.fill(0);
  return ok(secret);
}
