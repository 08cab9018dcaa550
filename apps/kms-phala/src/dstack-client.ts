import { SecretBytes } from "@mero-tee/kms-protocol";
import { parseQuote } from "@mero-tee/tdx-quote";
import { parseHex, toHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { createAgentCaller } from "./agent-socket-client.ts";
import type { GuestAgent, GuestAgentError, GuestQuote, TlsKey } from "./guest-agent.ts";

// A node waits 30 s for its answer: without a shorter limit here it would never learn why.
const DEFAULT_TIMEOUT_MS = 6_000;
const KEY_BYTES = 32;
// A quote comes with its event log. Nodes and verifiers read no more than this of an attestation.
const QUOTE_ANSWER_BYTES = 4 * 1024 * 1024;
const SHORT_ANSWER_BYTES = 64 * 1024;
const MAX_CERTIFICATES = 8;

/** Settings of {@link createDstackAgent}. */
export interface DstackAgentOptions {
  readonly socketPath: string;
  readonly timeoutMs?: number;
}

type Fields = ReadonlyMap<string, JsonValue>;

/**
 * Makes the adapter to the dstack guest agent. A socket that is missing for a while does no lasting harm: no call depends
 * on a connection of another. Answers are bounded in size and time, read strictly, and checked before they are used.
 *
 * Source: dstack guest agent RPC.
 */
export function createDstackAgent(options: DstackAgentOptions): GuestAgent {
  const call = createAgentCaller({
    socketPath: options.socketPath,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });

  async function ask(
    method: string,
    params: Readonly<Record<string, unknown>>,
    limitBytes: number,
    isRepeatable = true,
  ): Promise<Result<Fields, GuestAgentError>> {
    const answer = await call({ method, params, limitBytes, isRepeatable });
    if (!answer.ok) return answer;
    const json = parseStrictJson(answer.value.taken(), { maxBytes: limitBytes });
    // It may have held a key; the text that was made of it cannot be erased.
    answer.value.wipe();
    if (!json.ok) return malformed(`the answer is not JSON: ${json.error.reason}`);
    return isJsonObject(json.value) ? ok(json.value) : malformed("the answer is no JSON object");
  }
  return {
    async quote(reportData) {
      const answer = await ask("GetQuote", { report_data: toHex(reportData) }, QUOTE_ANSWER_BYTES);
      return answer.ok ? readQuote(answer.value, reportData) : answer;
    },
    async deriveKey(path) {
      const answer = await ask("GetKey", { path, purpose: "", algorithm: "secp256k1" }, SHORT_ANSWER_BYTES);
      return answer.ok ? readKey(answer.value.get("key")) : answer;
    },
    async emitEvent(event, payload) {
      const params = { event, payload: toHex(payload) };
      const limitBytes = SHORT_ANSWER_BYTES;
      // What it answers is nothing, `null` or an empty object, and of no use. Made twice it would extend RTMR3 twice.
      const answer = await call({ method: "EmitEvent", params, limitBytes, isRepeatable: false });
      return answer.ok ? ok(null) : answer;
    },
    async tlsKey(names) {
      const params = {
        subject: names[0] ?? "",
        alt_names: names,
        usage_ra_tls: false,
        usage_server_auth: true,
        usage_client_auth: false,
      };
      const answer = await ask("GetTlsKey", params, SHORT_ANSWER_BYTES, false);
      return answer.ok ? readTlsKey(answer.value) : answer;
    },
  };
}

function malformed(reason: string): { readonly ok: false; readonly error: GuestAgentError } {
  return err({ code: "agent-answer-malformed", reason });
}

function readQuote(answer: Fields, reportData: Uint8Array): Result<GuestQuote, GuestAgentError> {
  const quoteHex = answer.get("quote");
  const eventLogText = answer.get("event_log");
  const vmConfig = answer.get("vm_config") ?? "";
  const bytes = typeof quoteHex === "string" ? parseHex(quoteHex) : null;
  if (bytes === null) return malformed("the quote is not hex");
  const quote = parseQuote(bytes);
  if (!quote.ok) return malformed(`the quote does not parse: ${quote.error.code}`);
  // The agent's own `report_data` is a claim beside the quote; only the quote's bytes count.
  if (quote.value.report.reportData !== toHex(reportData)) {
    return err({ code: "agent-report-data-mismatch", reason: "the quote holds other report data than asked for" });
  }
  if (typeof eventLogText !== "string") return malformed("the event log is not text");
  const eventLog = parseStrictJson(eventLogText, { maxBytes: QUOTE_ANSWER_BYTES });
  if (!eventLog.ok) return malformed(`the event log is not JSON: ${eventLog.error.reason}`);
  const entries = toPlainJson(eventLog.value);
  if (!Array.isArray(entries)) return malformed("the event log is not an array");
  if (typeof vmConfig !== "string") return malformed("the VM configuration is not text");
  return ok({ quote: quote.value, bytes, eventLogText, eventLog: entries, vmConfig });
}

function readKey(text: JsonValue | undefined): Result<SecretBytes, GuestAgentError> {
  const key = typeof text === "string" ? parseHex(text, KEY_BYTES) : null;
  if (key === null) return malformed("the key is not 32 bytes of hex");
  // All bytes equal is what an empty or zeroed buffer looks like, and never what a key derivation gives.
  if (key.every((byte) => byte === key[0])) return malformed("the key is constant");
  return ok(new SecretBytes(key));
}

function readTlsKey(answer: Fields): Result<TlsKey, GuestAgentError> {
  const key = answer.get("key");
  const chain = answer.get("certificate_chain");
  if (typeof key !== "string" || key === "") return malformed("the TLS key is not text");
  if (!isTextList(chain) || chain.length === 0 || chain.length > MAX_CERTIFICATES) {
    return malformed("the certificate chain is no list of certificates");
  }
  return ok({ keyPem: new SecretBytes(new TextEncoder().encode(key)), chainPem: chain });
}

function isTextList(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
