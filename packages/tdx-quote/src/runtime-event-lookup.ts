import { DSTACK_RUNTIME_EVENT_TYPE } from "./dstack-runtime-event.ts";
import { malformedEventLog, type EventLog, type EventLogEvent } from "./event-log.ts";
import type { Failure } from "./failure.ts";
import { parseHex, toHex } from "./hex.ts";
import { ok, type Result } from "./result.ts";

/**
 * Which runtime events are looked at. `before-ready`: those that dstack itself emits, up to the first `system-ready`; what
 * follows it is chosen by the application, which may well emit a second `compose-hash`. `boot`: up to the first
 * `boot-mr-done`, the RTMR3 that a dstack KMS sees. A log that lacks the closing event was taken before it: all count.
 */
export type RuntimePhase = "before-ready" | "boot";

/** The one event that dstack may emit several times: a hash for each init script. */
const REPEATABLE_EVENT = "init-script-hash";

/**
 * The payload of a dstack runtime event. Not authenticated yet: a claim until the replay of RTMR3 equals a verified quote.
 *
 * @returns the payload bytes; null when no such event is there (always so for a CCEL, which has no runtime events); of
 *   several `init-script-hash` events the first (`listRuntimeEvents` gives all)
 * Errors: `event-log-malformed` when the event occurs more than once in the phase.
 * Source: dstack, events of RTMR3 in boot order.
 */
export function findRuntimeEvent(
  log: EventLog,
  name: string,
  phase: RuntimePhase,
): Result<Uint8Array<ArrayBuffer> | null, Failure> {
  const [first, second] = eventsOf(log, name, phase);
  if (first === undefined) return ok(null);
  if (second !== undefined && name !== REPEATABLE_EVENT) {
    return malformedEventLog({ subject: `event ${second.index}`, reason: "occurs twice", actual: name });
  }
  return ok(payloadOf(first));
}

/**
 * The payloads of all dstack runtime events of one name, in log order: for `init-script-hash`, and with `whole-log` for a
 * caller that refuses a name which the application used again. The same trust note as {@link findRuntimeEvent}.
 */
export function listRuntimeEvents(
  log: EventLog,
  name: string,
  phase: RuntimePhase | "whole-log",
): readonly Uint8Array<ArrayBuffer>[] {
  return eventsOf(log, name, phase).map(payloadOf);
}

/**
 * The compose hash that a dstack guest measured: SHA-256 of the raw bytes of its `app-compose.json`.
 *
 * @returns 64 lower-case hex digits, or null when the log has none before `system-ready`; not authenticated before the
 *   replay of RTMR3 matches
 * Errors: `event-log-malformed` when it is there twice or is not 32 bytes.
 */
export function composeHash(log: EventLog): Result<string | null, Failure> {
  return fixedSizeEvent(log, "compose-hash", 32);
}

/**
 * The app id that a dstack guest measured: the first 20 bytes of the compose hash unless the deployment sets one.
 *
 * @returns 40 lower-case hex digits, or null when the log has none before `system-ready`; not authenticated before the
 *   replay of RTMR3 matches
 * Errors: `event-log-malformed` when it is there twice or is not 20 bytes.
 */
export function appId(log: EventLog): Result<string | null, Failure> {
  return fixedSizeEvent(log, "app-id", 20);
}

function fixedSizeEvent(log: EventLog, name: string, byteLength: number): Result<string | null, Failure> {
  const found = findRuntimeEvent(log, name, "before-ready");
  if (!found.ok) return found;
  if (found.value === null) return ok(null);
  if (found.value.length !== byteLength) {
    return malformedEventLog({
      subject: name,
      reason: "payload size",
      expected: byteLength,
      actual: found.value.length,
    });
  }
  return ok(toHex(found.value));
}

/** The events that close a phase, whichever comes first; they belong to it themselves. */
const CLOSING_EVENTS: Readonly<Record<RuntimePhase | "whole-log", readonly string[]>> = {
  boot: ["boot-mr-done", "system-ready"],
  "before-ready": ["system-ready"],
  "whole-log": [],
};

function eventsOf(log: EventLog, name: string, phase: RuntimePhase | "whole-log"): readonly EventLogEvent[] {
  // The type alone does not do: a CCEL may hold any type number, and its names are TCG names.
  if (log.format !== "dstack") return [];
  const runtime = log.events.filter((event) => event.type === DSTACK_RUNTIME_EVENT_TYPE);
  const end = runtime.findIndex((event) => CLOSING_EVENTS[phase].includes(event.name));
  const inPhase = end === -1 ? runtime : runtime.slice(0, end + 1);
  return inPhase.filter((event) => event.name === name);
}

function payloadOf(event: EventLogEvent): Uint8Array<ArrayBuffer> {
  const payload = parseHex(event.payload ?? "");
  if (payload === null) throw new RangeError("a runtime event's payload is hex");
  return payload;
}
