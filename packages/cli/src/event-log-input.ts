import { jsonValueRange, parseStrictJson, type JsonLimits, type JsonValue } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";
import { jsonMember } from "./json-member.ts";

/** Longest file that is looked at for an event log: a guest agent's whole answer around a log of at most 8 MiB. */
export const EVENT_LOG_INPUT_LIMIT_BYTES: number = 20 * 1024 * 1024;

const LIMITS: JsonLimits = { maxBytes: EVENT_LOG_INPUT_LIMIT_BYTES };

/** The keys under which guest agents and the KMS's attestation carry a log. */
const CARRIERS = ["event_log", "eventLog"] as const;

/**
 * Finds the event log in what a file holds: a guest agent's or KMS's whole answer is a JSON object that carries the log
 * under `event_log` or `eventLog`, at the top or under `data`; anything else is the log itself (binary CCEL, a JSON array,
 * or a JSON string around one) and is left to the parser.
 *
 * @returns the bytes of the log, exactly as they stand in the file
 * Errors: `input-unrecognised`.
 */
export function recogniseEventLog(content: Uint8Array<ArrayBuffer>): Result<Uint8Array<ArrayBuffer>, CliFailure> {
  if (!startsWithBrace(content)) return ok(content);
  const document = parseStrictJson(content, LIMITS);
  if (!document.ok) {
    return unrecognised(`the JSON is not valid at byte ${document.error.offset} (${document.error.reason})`);
  }
  const found = [...carriersOf(document.value, []), ...carriersOf(jsonMember(document.value, "data"), ["data"])];
  const [path, another] = found;
  if (path === undefined) return unrecognised(`the JSON document has neither ${CARRIERS.join(" nor ")}`);
  if (another !== undefined) {
    return unrecognised(`the JSON document has both ${path.join(".")} and ${another.join(".")}`);
  }
  return ok(path.reduce(valueBytes, content));
}

function carriersOf(value: JsonValue | undefined, prefix: readonly string[]): readonly (readonly string[])[] {
  return CARRIERS.filter((key) => jsonMember(value, key) !== undefined).map((key) => [...prefix, key]);
}

function valueBytes(document: Uint8Array<ArrayBuffer>, key: string): Uint8Array<ArrayBuffer> {
  const range = jsonValueRange(document, key, LIMITS);
  if (!range.ok) throw new Error(`the key ${key} was there a moment ago`);
  return document.subarray(range.value.start, range.value.end);
}

function startsWithBrace(content: Uint8Array): boolean {
  const first = content.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === 0x7b;
}

function unrecognised(why: string): Result<never, CliFailure> {
  return err(cliFailure("input-unrecognised", `No event log was found: ${why}.`));
}
