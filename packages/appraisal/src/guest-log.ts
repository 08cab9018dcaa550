import {
  EVENT_LOG_REGISTERS,
  type EventLog,
  type EventLogRegister,
  extendRegister,
  type Failure,
  parseEventLog,
  type RegisterValues,
} from "@mero-tee/tdx-quote";
import { err, type Result } from "@mero-tee/tdx-quote/result";

import type { GivenEventLog } from "./recognise-inputs.ts";
import type { RegisterReplayTrace, ReplayEvent } from "./report.ts";

/** Most events, and most bytes, of a log that is looked at here; the library below reads more. */
const EVENT_LIMIT = 5_000;
/** See {@link EVENT_LIMIT}. */
const EVENT_LOG_LIMIT_BYTES: number = 1024 * 1024;

/** A log with more than the limits. */
export interface LogTooLong {
  readonly code: "event-log-too-long";
  readonly unit: "bytes" | "events";
  readonly limit: number;
  readonly actual: number;
}

/** Reads a log within the limits. Errors: `event-log-too-long`, those of the parser. */
export function readGuestLog(given: GivenEventLog): Result<EventLog, Failure | LogTooLong> {
  const content = given.format === "dstack" ? given.text : given.bytes;
  // The CCEL area is mostly filler; its records are what counts, and there is a limit to these as well.
  if (given.format === "dstack" && content.length > EVENT_LOG_LIMIT_BYTES) {
    return tooLong("bytes", EVENT_LOG_LIMIT_BYTES, content.length);
  }
  const log = parseEventLog(content, given.format);
  if (!log.ok) return log;
  const { length } = log.value.events;
  return length > EVENT_LIMIT ? tooLong("events", EVENT_LIMIT, length) : log;
}

function tooLong(unit: LogTooLong["unit"], limit: number, actual: number): Result<never, LogTooLong> {
  return err({ code: "event-log-too-long", unit, limit, actual });
}

const ZERO_REGISTER = "0".repeat(96);

/** Replays each register event by event, so that every step of the way can be shown. */
export function traceReplay(log: EventLog, quoted: RegisterValues): readonly RegisterReplayTrace[] {
  const ready = log.events.find(({ register, name }) => register === "rtmr3" && name === "system-ready");
  return EVENT_LOG_REGISTERS.map((register) => {
    let current = ZERO_REGISTER;
    const events = log.events.flatMap((event): ReplayEvent[] => {
      if (event.register !== register) return [];
      const before = current;
      current = extendRegister(before, event.digest);
      return [
        {
          index: event.index,
          type: event.type,
          name: event.name,
          digest: event.digest,
          payload: event.payload ?? null,
          isPayloadAuthenticated: event.digestMatches === true,
          before,
          after: current,
          isAfterReady: log.format === "dstack" && ready !== undefined && event.index > ready.index,
        },
      ];
    });
    return { register, events, replayed: current, quoted: quoted[register], matches: current === quoted[register] };
  });
}

/** Whether a log extends a register at all. */
export function hasEventsFor(log: EventLog, register: EventLogRegister): boolean {
  return log.events.some((event) => event.register === register);
}
