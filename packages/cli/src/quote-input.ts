import { bytesOfText, isText } from "@mero-tee/appraisal";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { parseStrictJson, type JsonValue } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";
import { jsonMember } from "./json-member.ts";

/** Longest file that is looked at for a quote; a quote itself is at most 32 KiB, the document around it may be larger. */
export const QUOTE_INPUT_LIMIT_BYTES: number = 1024 * 1024;

/** The keys under which JSON documents carry a quote: key requests and attestations of a KMS, merod, dstack. */
const CARRIERS = ["quoteB64", "quote_b64", "quote"] as const;

/**
 * Finds the bytes of a quote in what a file holds: the raw bytes, hex, base64, or a JSON document that carries one under
 * `quoteB64`, `quote_b64` or `quote`, at the top or under `data`.
 *
 * It never guesses. Raw bytes are told by the header (a quote's version is a 16-bit number below 256, so its second byte
 * is zero, which no text has); of text that is both hex and base64, only the reading with such a header counts; a document
 * with two different quotes is refused. Whether the bytes are a quote is for the parser to say.
 *
 * Errors: `input-unrecognised`.
 */
export function recogniseQuote(content: Uint8Array<ArrayBuffer>): Result<Uint8Array<ArrayBuffer>, CliFailure> {
  if (!isText(content)) return ok(content);
  const text = new TextDecoder().decode(content).trim();
  // An empty file is an empty quote: the parser's own code says that best.
  if (text === "") return ok(content.subarray(0, 0));
  if (text.startsWith("{")) return quoteInDocument(content);
  return quoteInText(text, "the input");
}

function quoteInText(text: string, where: string): Result<Uint8Array<ArrayBuffer>, CliFailure> {
  const bytes = bytesOfText(text);
  if (bytes !== null) return ok(bytes);
  return unrecognised(`${where} is neither hex nor base64 (standard alphabet, with padding) nor a JSON document`);
}

function quoteInDocument(content: Uint8Array): Result<Uint8Array<ArrayBuffer>, CliFailure> {
  const document = parseStrictJson(content, { maxBytes: QUOTE_INPUT_LIMIT_BYTES });
  if (!document.ok) {
    return unrecognised(`the JSON is not valid at byte ${document.error.offset} (${document.error.reason})`);
  }
  const top = document.value;
  const carried = [...carriersOf(top, ""), ...carriersOf(jsonMember(top, "data"), "data.")];
  const [first, ...others] = carried;
  if (first === undefined) return unrecognised(`the JSON document has none of ${CARRIERS.join(", ")} as text`);
  const quote = quoteInText(first.text, `\`${first.where}\``);
  if (!quote.ok) return quote;
  for (const other of others) {
    const second = quoteInText(other.text, `\`${other.where}\``);
    if (!second.ok) return second;
    if (!equalBytes(quote.value, second.value)) {
      return unrecognised(`\`${first.where}\` and \`${other.where}\` carry different quotes`);
    }
  }
  return quote;
}

interface Carrier {
  readonly where: string;
  readonly text: string;
}

/** A `quote` that is an object is a node's own parsed view of the quote beside it: a claim, and skipped. */
function carriersOf(value: JsonValue | undefined, prefix: string): readonly Carrier[] {
  return CARRIERS.flatMap((key) => {
    const text = jsonMember(value, key);
    return typeof text === "string" ? [{ where: `${prefix}${key}`, text }] : [];
  });
}

function unrecognised(why: string): Result<never, CliFailure> {
  return err(cliFailure("input-unrecognised", `No quote was found: ${why}.`));
}
