import { parseCcel } from "./ccel.ts";
import { parseDstackEventLog } from "./dstack-event-log.ts";
import { malformedEventLog, type EventLog, type EventLogFormat } from "./event-log.ts";
import type { Failure } from "./failure.ts";
import type { Result } from "./result.ts";

/**
 * Parses an event log. What comes out is well formed and still a claim: `verifyReplay` says whether a quote bears it out.
 *
 * @param input - the CCEL area as bytes, or a dstack log as JSON text (bytes or string)
 * @param format - `auto` takes text, and bytes that begin like a JSON document, for dstack and all else for CCEL, whose
 *   first four bytes are a small register index
 * Errors: `event-log-malformed`, `event-log-no-sha384`, `event-log-digest-mismatch`.
 * Source: TCG PC Client Platform Firmware Profile (CCEL); dstack guest agent (JSON).
 */
export function parseEventLog(
  input: Uint8Array | string,
  format: EventLogFormat | "auto" = "auto",
): Result<EventLog, Failure> {
  if ((format === "auto" ? detectFormat(input) : format) === "dstack") return parseDstackEventLog(input);
  if (typeof input === "string") return malformedEventLog({ reason: "a CCEL is binary, not text" });
  return parseCcel(input);
}

/** Space, tab, line feed, carriage return. */
const JSON_WHITESPACE: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** `[`, `{` and `"`. */
const JSON_OPENINGS: ReadonlySet<number> = new Set([0x5b, 0x7b, 0x22]);

function detectFormat(input: Uint8Array | string): EventLogFormat {
  if (typeof input === "string") return "dstack";
  const first = input.find((byte) => !JSON_WHITESPACE.has(byte));
  return first !== undefined && JSON_OPENINGS.has(first) ? "dstack" : "ccel";
}
