import { parseBase64, toBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, type JsonValue, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { AttestationMembers } from "../wire/verify-answer.ts";

/** Evidence as a target, or a caller, gave it: the members that some step knows, and nothing else of what was sent. */
export interface ReceivedEvidence {
  readonly quote: Uint8Array<ArrayBuffer>;
  readonly members: AttestationMembers;
}

/** Why no evidence can be taken from a document: it has no quote, or more than any attester has. */
export type EvidenceProblem = "no-quote" | "too-much";

const QUOTE_LIMIT_BYTES = 64 * 1024;
const MAX_EVENTS = 5_000;
const MAX_VALUES = 20_000;
/** What merod says of a quote beside its bytes: claims, to be compared with the bytes. */
const QUOTE_MEMBERS = ["header", "body", "signature", "attestationKey", "certificationData"] as const;

/**
 * Takes the evidence out of an answer, which may stand under `data`. Members are taken by name; whatever else a target
 * writes does not leave this service, for a target must not be able to make it say things.
 *
 * Source: docs/verifier-api.md.
 */
export function readEvidence(document: JsonValue): Result<ReceivedEvidence, EvidenceProblem> {
  if (!isJsonObject(document)) return err("no-quote");
  if (countValues(document, MAX_VALUES) > MAX_VALUES) return err("too-much");
  const data = document.get("data");
  const answer = isJsonObject(data) ? data : document;
  const named = answer.get("quoteB64") ?? answer.get("quote_b64");
  const nested = answer.get("quote");
  const spelled = named ?? nested;
  if (typeof spelled !== "string") return err("no-quote");
  if (spelled.length > 2 * QUOTE_LIMIT_BYTES) return err("too-much");
  const quote = decodeQuote(spelled);
  if (quote === null || quote.length === 0) return err("no-quote");
  if (quote.length > QUOTE_LIMIT_BYTES) return err("too-much");
  const log = answer.get("eventLog") ?? answer.get("event_log");
  if (Array.isArray(log) && log.length > MAX_EVENTS) return err("too-much");
  const reportData = answer.get("reportDataHex") ?? answer.get("report_data");
  const vmConfig = answer.get("vmConfig") ?? answer.get("vm_config");
  return ok({
    quote,
    members: {
      quoteB64: toBase64(quote),
      ...(typeof reportData === "string" ? { reportDataHex: reportData } : {}),
      ...(isJsonObject(nested) ? { quote: claimsOf(nested) } : {}),
      ...(log === undefined ? {} : { eventLog: toPlainJson(log) }),
      ...(vmConfig === undefined ? {} : { vmConfig: toPlainJson(vmConfig) }),
    },
  });
}

function decodeQuote(text: string): Uint8Array<ArrayBuffer> | null {
  // Every hex text of a quote is also base64 of something; no base64 text of one consists of hex digits only.
  return parseHex(text.replace(/^0x/, "")) ?? parseBase64(text);
}

function claimsOf(nested: ReadonlyMap<string, JsonValue>): Record<string, unknown> {
  return Object.fromEntries(
    QUOTE_MEMBERS.flatMap((name) => {
      const value = nested.get(name);
      return value === undefined ? [] : [[name, toPlainJson(value)] as const];
    }),
  );
}

/** How many values a document holds, counted no further than just above a limit. */
function countValues(value: JsonValue, limit: number): number {
  let count = 1;
  const members = isJsonObject(value) ? value.values() : Array.isArray(value) ? value : [];
  for (const member of members) {
    if (count > limit) return count;
    count += countValues(member, limit - count);
  }
  return count;
}
