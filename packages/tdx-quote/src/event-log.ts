import { failure, type Failure, type FailureFacts } from "./failure.ts";
import { err } from "./result.ts";

/** The four run-time measurement registers of a TD, in the order of their CC measurement register index (1..4). */
export const EVENT_LOG_REGISTERS = ["rtmr0", "rtmr1", "rtmr2", "rtmr3"] as const;

/** One of {@link EVENT_LOG_REGISTERS}. MRTD is fixed at build and has no event log. */
export type EventLogRegister = (typeof EVENT_LOG_REGISTERS)[number];

/** `ccel`: the binary TCG log of the ACPI CCEL area; `dstack`: the JSON log of a dstack guest agent. */
export type EventLogFormat = "ccel" | "dstack";

/**
 * One event of a log. A claim until the replay of its register equals the register in a verified quote, and even then only
 * `digest` is authenticated: `name` and `payload` are what the digest covers only where `digestMatches` is true.
 */
export interface EventLogEvent {
  /** Position in the log, from 0; the spec ID record that opens a CCEL is not an event. */
  readonly index: number;
  /** The register that this event extends; null for `EV_NO_ACTION`, which extends none. */
  readonly register: EventLogRegister | null;
  /** TCG event type, or 0x08000001 for a runtime event of dstack. */
  readonly type: number;
  /** CCEL: the TCG name of the type. dstack: the `event` field, empty for most boot events. */
  readonly name: string;
  /** SHA-384 digest that is extended, 96 lower-case hex digits; empty only for an `EV_NO_ACTION` that carries none. */
  readonly digest: string;
  /** Event data in lower-case hex; absent where the log was stripped of it. */
  readonly payload?: string;
  /**
   * Whether `digest` is the digest of name and payload. Present only where it can be recomputed from the event; absent
   * means that the digest covers something else (a binary, a table), and that the payload is not authenticated at all.
   */
  readonly digestMatches?: boolean;
}

/** A parsed event log: well formed, and nothing more. It counts only when {@link verifyReplay} finds it equal to a quote. */
export interface EventLog {
  readonly format: EventLogFormat;
  readonly events: readonly EventLogEvent[];
}

/** Refuses a log as malformed, with the offset (CCEL) or the event (`subject: "event 3"`) where reading stopped. */
export function malformedEventLog(facts: FailureFacts): { readonly ok: false; readonly error: Failure } {
  return err(failure("event-log", "event-log-malformed", facts));
}
