import { isMockQuote } from "@mero-tee/kms-protocol";
import { isJsonObject, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { bytesOfText, isText } from "./text-bytes.ts";

/** Most bytes of one input that are looked at. */
export const INPUT_LIMIT_BYTES: number = 8 * 1024 * 1024;

/** What an input turned out to be, told by its content alone. */
export const INPUT_KINDS = [
  "quote",
  "mock-quote",
  "attestation",
  "event-log",
  "ccel",
  "collateral",
  "evidence-file",
  "kms-policy",
  "published-mrtds",
  "compatibility-map",
  "unknown",
] as const;

/** One of {@link INPUT_KINDS}. */
export type InputKind = (typeof INPUT_KINDS)[number];

/** An input with what it is: JSON is parsed, hex and base64 are decoded. */
export type TypedInput =
  | {
      readonly kind: "quote" | "mock-quote" | "ccel";
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly spelling: string;
    }
  | { readonly kind: Exclude<InputKind, "quote" | "mock-quote" | "ccel" | "unknown">; readonly json: JsonValue }
  | { readonly kind: "unknown"; readonly reason: string };

const CCEL_MARK = new TextEncoder().encode("Spec ID Event03");
const CCEL_MARK_OFFSET = 32;

/** Tells what an input is. Never executes, fetches or guesses: what is not one thing for sure is `unknown`, with the reason. */
export function typeInput(bytes: Uint8Array<ArrayBuffer>): TypedInput {
  if (bytes.length === 0) return unknown("it is empty");
  if (bytes.length > INPUT_LIMIT_BYTES) return unknown(`it has more than ${INPUT_LIMIT_BYTES} bytes`);
  if (isMockQuote(bytes)) return { kind: "mock-quote", bytes, spelling: "raw" };
  if (!isText(bytes)) return typeBinary(bytes, "raw") ?? unknown("it is binary, and neither a TDX quote nor a CCEL");
  const text = new TextDecoder().decode(bytes).trim();
  if (text === "") return unknown("it is empty");
  if (/^[[{"]/.test(text)) return typeJson(text);
  if (/^https?:\/\//i.test(text)) return unknown("it is an address, which has to be asked rather than read");
  const decoded = bytesOfText(text);
  if (decoded === null) return unknown("it is neither hex, nor base64 (standard alphabet, with padding), nor JSON");
  const spelling =
    toHex(decoded) ===
    text
      .replaceAll(/\s+/g, "")
      .replace(/^0[xX]/, "")
      .toLowerCase()
      ? "hex"
      : "base64";
  return (
    typeBinary(decoded, spelling) ?? unknown(`it is ${spelling}, and what it spells is neither a TDX quote nor a CCEL`)
  );
}

function unknown(reason: string): TypedInput {
  return { kind: "unknown", reason };
}

function typeBinary(bytes: Uint8Array<ArrayBuffer>, spelling: string): TypedInput | null {
  if (isMockQuote(bytes)) return { kind: "mock-quote", bytes, spelling };
  if (CCEL_MARK.every((byte, index) => bytes[CCEL_MARK_OFFSET + index] === byte))
    return { kind: "ccel", bytes, spelling };
  // The version of every quote so far is a small number in two bytes; whether the rest is one is for the parser to say.
  const version = bytes[0] ?? 0;
  return bytes[1] === 0 && version >= 1 && version <= 9 ? { kind: "quote", bytes, spelling } : null;
}

/** Members that only one kind of document has. */
const DOCUMENT_MARKS: readonly (readonly [
  Exclude<TypedInput["kind"], "quote" | "mock-quote" | "ccel" | "unknown">,
  string,
])[] = [
  ["collateral", "tcb_info"],
  ["compatibility-map", "compatibility"],
  ["published-mrtds", "profiles"],
  ["kms-policy", "policy"],
];

function typeJson(text: string): TypedInput {
  const parsed = parseStrictJson(text, { maxBytes: INPUT_LIMIT_BYTES, maxDepth: 32 });
  if (!parsed.ok)
    return unknown(`it begins like JSON, which ends at byte ${parsed.error.offset}: ${parsed.error.reason}`);
  const json = parsed.value;
  // A JSON text that holds a quote or a log, as a guest agent quotes it.
  if (typeof json === "string") {
    return json.length < text.length ? typeInput(new TextEncoder().encode(json)) : unknown("it is only a text");
  }
  if (Array.isArray(json)) return { kind: "event-log", json };
  if (!isJsonObject(json)) return unknown("it is JSON without a shape that is known here");
  const schema = json.get("schema");
  if (typeof schema === "string" && schema.startsWith("mero-tee/evidence/")) return { kind: "evidence-file", json };
  if (carriesEvidence(json)) return { kind: "attestation", json };
  const found = DOCUMENT_MARKS.find(([, mark]) => json.has(mark));
  return found === undefined
    ? unknown("it is JSON without a quote, an event log, collateral or release values in it")
    : { kind: found[0], json };
}

/** Members under which answers carry a quote or a log. */
export const QUOTE_MEMBERS = ["quoteB64", "quote_b64", "quote"] as const;
/** See {@link QUOTE_MEMBERS}. */
export const EVENT_LOG_MEMBERS = ["eventLog", "event_log"] as const;
/** Members in which an answer may stand inside another document. */
export const WRAPPERS = ["data", "attestation"] as const;

function carriesEvidence(json: ReadonlyMap<string, JsonValue>): boolean {
  const carriers: readonly string[] = [...QUOTE_MEMBERS, ...EVENT_LOG_MEMBERS];
  const holders = [json, ...WRAPPERS.map((name) => json.get(name))].filter(isJsonObject);
  return holders.some((holder) => carriers.some((name) => holder.has(name)));
}
