import { sha384, sha384Hex } from "#sha2";
import { EVENT_LOG_REGISTERS, type EventLog, type EventLogRegister } from "./event-log.ts";
import { failure, type Failure } from "./failure.ts";
import { parseHex, toHex } from "./hex.ts";
import { err, ok, type Result } from "./result.ts";

/** Bytes of an RTMR and of a digest that extends it (SHA-384). */
const REGISTER_BYTES = 48;

/** The value of each RTMR, 96 lower-case hex digits; a `TdReport` is one. */
export type RegisterValues = Readonly<Record<EventLogRegister, string>>;

/** What a log says the registers must be: the outcome of {@link replayEventLog}. */
export type ReplayedRegisters = RegisterValues;

/** One register of a log beside the same register of a quote. */
export interface RegisterReplay {
  /** How many events extend it. */
  readonly events: number;
  /** Its value after the replay. */
  readonly replayed: string;
  /** Whether the quote has the same value; a register without events must be zero there to be explained. */
  readonly matches: boolean;
}

/** {@link RegisterReplay} for each register. */
export type ReplayComparison = Readonly<Record<EventLogRegister, RegisterReplay>>;

/**
 * Extends a register by one digest: SHA-384 of the old value followed by the digest.
 *
 * @param registerHex - 96 hex digits
 * @param digestHex - 96 hex digits
 * @returns 96 lower-case hex digits
 * @throws RangeError when either is not 48 bytes of hex
 * Source: Intel TDX Module specification, TDG.MR.RTMR.EXTEND.
 */
export function extendRegister(registerHex: string, digestHex: string): string {
  const joined = new Uint8Array(2 * REGISTER_BYTES);
  joined.set(measurementBytes(registerHex), 0);
  joined.set(measurementBytes(digestHex), REGISTER_BYTES);
  return sha384Hex(joined);
}

/**
 * Replays a log into the register values it should have produced: 48 zero bytes each, extended by the digests of their
 * events in log order.
 *
 * Source: Intel TDX Module specification, TDG.MR.RTMR.EXTEND; Intel TDX Virtual Firmware Design Guide, measurement.
 */
export function replayEventLog(log: EventLog): ReplayedRegisters {
  // Each buffer holds the register in its first half and receives the digest in its second: no allocation per event but
  // the hash itself.
  const joined = {
    rtmr0: new Uint8Array(2 * REGISTER_BYTES),
    rtmr1: new Uint8Array(2 * REGISTER_BYTES),
    rtmr2: new Uint8Array(2 * REGISTER_BYTES),
    rtmr3: new Uint8Array(2 * REGISTER_BYTES),
  } satisfies Record<EventLogRegister, Uint8Array>;
  for (const event of log.events) {
    if (event.register === null) continue;
    const buffer = joined[event.register];
    buffer.set(measurementBytes(event.digest), REGISTER_BYTES);
    buffer.set(sha384(buffer), 0);
  }
  return eachRegister((register) => toHex(joined[register].subarray(0, REGISTER_BYTES)));
}

/**
 * Compares replayed registers with those of a quote, register by register, without judging: a GCP log, for one, has no
 * event for RTMR3 although the guest extends it.
 *
 * @param report - the TD report of a quote that was verified; otherwise both sides are claims
 */
export function compareReplay(log: EventLog, replayed: ReplayedRegisters, report: RegisterValues): ReplayComparison {
  return eachRegister((register) => ({
    events: log.events.filter((event) => event.register === register).length,
    replayed: replayed[register],
    matches: replayed[register] === report[register],
  }));
}

/**
 * Replays a log and requires that it explains the registers of a quote.
 *
 * @param report - the TD report of a quote that was verified
 * @param required - registers that must match; default: those that the log has events for, or all four when it has none
 *   (a log that says nothing must not pass for one that agrees)
 * Errors: `event-log-mismatch`, `subject` naming every required register that differs, `expected` (quote) and `actual`
 * (replayed) those of the first.
 */
export function verifyReplay(
  log: EventLog,
  report: RegisterValues,
  required?: readonly EventLogRegister[],
): Result<ReplayComparison, Failure> {
  const comparison = compareReplay(log, replayEventLog(log), report);
  const withEvents = EVENT_LOG_REGISTERS.filter((register) => comparison[register].events > 0);
  const demanded = required ?? (withEvents.length > 0 ? withEvents : EVENT_LOG_REGISTERS);
  const differing = demanded.filter((register) => !comparison[register].matches);
  const [first] = differing;
  if (first === undefined) return ok(comparison);
  return err(
    failure("event-log", "event-log-mismatch", {
      subject: differing.join(", "),
      expected: report[first],
      actual: comparison[first].replayed,
    }),
  );
}

function eachRegister<T>(make: (register: EventLogRegister) => T): Record<EventLogRegister, T> {
  return { rtmr0: make("rtmr0"), rtmr1: make("rtmr1"), rtmr2: make("rtmr2"), rtmr3: make("rtmr3") };
}

function measurementBytes(hex: string): Uint8Array {
  const bytes = parseHex(hex, REGISTER_BYTES);
  if (bytes === null) throw new RangeError("a register or digest is 48 bytes of hex");
  return bytes;
}
