import { sha384Hex } from "#sha2";
import {
  DSTACK_RUNTIME_EVENT_TYPE,
  dstackEventNameProblem,
  dstackRuntimeEventPreimage,
  isBoundedText,
  type DstackEventVersion,
} from "./dstack-runtime-event.ts";
import { EVENT_LOG_REGISTERS, malformedEventLog, type EventLog, type EventLogEvent } from "./event-log.ts";
import { failure, type Failure } from "./failure.ts";
import { parseHex, toHex } from "./hex.ts";
import { isJsonObject, jsonUnsigned, parseStrictJson, type JsonNumber, type JsonValue } from "./json.ts";
import { err, ok, type Result } from "./result.ts";
import { digestCoversEventData } from "./tcg-event-type.ts";

/** Largest dstack event log that is read, with everything around it. */
export const DSTACK_EVENT_LOG_LIMIT_BYTES: number = 8 * 1024 * 1024;

/** Most events of a dstack event log. */
export const DSTACK_EVENT_LIMIT = 65_536;

const DIGEST_BYTES = 48;
const RTMR3_INDEX = 3;
const U32_MAX = 0xffffffff;

/** A guest agent's answer holds the log as JSON text, and callers quote it once more when they pass it on. */
const MAX_TEXT_NESTING = 3;

/**
 * Parses the JSON event log of a dstack guest: an array of events, JSON text that holds one, or the whole answer of a
 * guest agent that carries it as `event_log` (or `eventLog`). Unknown fields of an event are ignored: nothing is decided
 * on them. `eventPayload` and `eventType` are read as `event_payload` and `event_type`; both spellings with different
 * values are refused, since readers would differ on what the event says.
 *
 * The digest of a runtime event is always computed, never taken over.
 *
 * @param text - JSON, at most {@link DSTACK_EVENT_LOG_LIMIT_BYTES}
 * Errors: `event-log-malformed`, `event-log-digest-mismatch`, with `subject` naming the event by its position.
 * Source: dstack, guest agent event log; digest versions 1 and 2.
 */
export function parseDstackEventLog(text: string | Uint8Array): Result<EventLog, Failure> {
  const entries = findEntries(text);
  if (!entries.ok) return entries;
  if (entries.value.length > DSTACK_EVENT_LIMIT) {
    return malformedEventLog({
      reason: "too many events",
      expected: DSTACK_EVENT_LIMIT,
      actual: entries.value.length,
    });
  }
  const events: EventLogEvent[] = [];
  for (const [index, entry] of entries.value.entries()) {
    const event = parseEvent(entry, index);
    if (!event.ok) return event;
    events.push(event.value);
  }
  return ok({ format: "dstack", events });
}

/** Unwraps the array of events out of texts and at most one object. */
function findEntries(text: string | Uint8Array): Result<readonly JsonValue[], Failure> {
  let current: string | Uint8Array = text;
  let insideAnswer = false;
  for (let nesting = 0; nesting <= MAX_TEXT_NESTING; nesting += 1) {
    const parsed = parseStrictJson(current, { maxBytes: DSTACK_EVENT_LOG_LIMIT_BYTES });
    if (!parsed.ok) return malformedEventLog({ offset: parsed.error.offset, reason: parsed.error.reason });
    let value: JsonValue = parsed.value;
    if (isJsonObject(value) && !insideAnswer) {
      insideAnswer = true;
      const carried = oneOf(value, "event_log", "eventLog");
      if (carried === undefined || carried === CONFLICT) {
        return malformedEventLog({ reason: "no event_log, or two different ones, in the answer" });
      }
      value = carried;
    }
    if (Array.isArray(value)) return ok(value as readonly JsonValue[]);
    if (typeof value !== "string") return malformedEventLog({ reason: "not an array of events" });
    current = value;
  }
  return malformedEventLog({ reason: "text nested too deeply" });
}

function parseEvent(entry: JsonValue, index: number): Result<EventLogEvent, Failure> {
  const refuse = (reason: string): Result<never, Failure> => malformedEventLog({ subject: `event ${index}`, reason });
  if (!isJsonObject(entry)) return refuse("not an object");
  const imr = jsonUnsigned(entry.get("imr"), RTMR3_INDEX);
  const register = imr === null ? undefined : EVENT_LOG_REGISTERS[imr];
  if (register === undefined) return refuse("imr must be 0..3");
  const type = jsonUnsigned(oneOf(entry, "event_type", "eventType"), U32_MAX);
  if (type === null) return refuse("event_type must be one unsigned 32-bit integer");
  const isRuntimeEvent = type === DSTACK_RUNTIME_EVENT_TYPE;
  if (isRuntimeEvent !== (register === "rtmr3")) return refuse("runtime events belong to imr 3, and only they");
  const version = parseVersion(entry.get("version"));
  if (version === null) return refuse("version must be 1 or 2");
  const name = entry.get("event");
  if (typeof name !== "string") return refuse("event must be text");
  const payload = parseHexField(oneOf(entry, "event_payload", "eventPayload"));
  if (payload === null) return refuse("event_payload must be one text of hex");
  const digest = parseHexField(entry.get("digest"));
  if (digest === null || (digest.length !== 0 && digest.length !== DIGEST_BYTES)) {
    return refuse("digest must be empty or 48 bytes of hex");
  }
  const preimage = entry.has("preimage") ? parseHexField(entry.get("preimage")) : undefined;
  if (preimage === null) return refuse("preimage must be hex");

  if (isRuntimeEvent) {
    const problem = dstackEventNameProblem(name, version);
    if (problem !== null) return refuse(problem);
    const hashed = dstackRuntimeEventPreimage(name, payload, version);
    if (version === 2) {
      if (preimage === undefined) return refuse("version 2 without preimage");
      if (toHex(preimage) !== toHex(hashed)) return refuse("preimage is not the canonical form of the event");
    }
    const computed = sha384Hex(hashed);
    if (digest.length !== 0 && toHex(digest) !== computed) {
      return err(
        failure("event-log", "event-log-digest-mismatch", {
          subject: `event ${index}`,
          expected: computed,
          actual: toHex(digest),
        }),
      );
    }
    return ok({ index, register, type, name, digest: computed, payload: toHex(payload), digestMatches: true });
  }

  if (digest.length === 0) return refuse("a boot event without digest");
  if (!isBoundedText(name)) return refuse("event must be at most 256 bytes");
  const event = { index, register, type, name, digest: toHex(digest) };
  // Empty means that the guest stripped it, so there is nothing to show and nothing to recompute.
  if (payload.length === 0) return ok(event);
  const described = { ...event, payload: toHex(payload) };
  if (!digestCoversEventData(type)) return ok(described);
  return ok({ ...described, digestMatches: sha384Hex(payload) === event.digest });
}

/** Absent means 1. */
function parseVersion(value: JsonValue | undefined): DstackEventVersion | null {
  if (value === undefined) return 1;
  const version = jsonUnsigned(value, 2);
  return version === 1 || version === 2 ? version : null;
}

function parseHexField(value: JsonValue | undefined): Uint8Array | null {
  return typeof value === "string" ? parseHex(value) : null;
}

/** Stands for two spellings of one field that do not say the same; no field of a log may be a boolean, so it is refused. */
const CONFLICT = true;

/** The value of a field that has two spellings in the wild; {@link CONFLICT} when both are there and differ. */
function oneOf(fields: ReadonlyMap<string, JsonValue>, spelling: string, alias: string): JsonValue | undefined {
  const value = fields.get(spelling);
  const other = fields.get(alias);
  if (value === undefined) return other;
  return other === undefined || isSameScalar(value, other) ? value : CONFLICT;
}

/** Equal texts or equally spelled numbers; arrays and objects count as different, nobody sends one twice. */
function isSameScalar(one: JsonValue, other: JsonValue): boolean {
  return typeof one === "string" ? one === other : isNumber(one) && isNumber(other) && one.text === other.text;
}

function isNumber(value: JsonValue): value is JsonNumber {
  return typeof value === "object" && value !== null && "kind" in value;
}
