import {
  appId,
  composeHash,
  EVENT_LOG_REGISTERS,
  findRuntimeEvent,
  listRuntimeEvents,
  parseEventLog,
  replayEventLog,
  verifyReplay,
  type EventLog,
} from "@mero-tee/tdx-quote";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { decodeCcel } from "../mutators/ccel-records.ts";
import { CCEL_MUTATORS } from "../mutators/ccel.ts";
import { DSTACK_MUTATORS } from "../mutators/dstack-log.ts";
import { JSON_MUTATORS } from "../mutators/json.ts";
import { decodeText, promise, type FuzzTarget } from "../target.ts";
import { attemptOf, magnitude } from "./outcome.ts";

/** What holds for a log of either format. */
function inspectLog(log: EventLog): void {
  log.events.forEach((event, index) => {
    const { register, digest, payload } = event;
    promise(event.index === index, "events are numbered in order");
    promise(register === null || EVENT_LOG_REGISTERS.includes(register), "an event extends a register or none");
    promise(/^[0-9a-f]{96}$/.test(digest) || (register === null && digest === ""), "an extended digest has 48 bytes");
    promise(payload === undefined || /^(?:[0-9a-f]{2})*$/.test(payload), "a payload is whole bytes in hex");
  });
  const replayed = replayEventLog(log);
  for (const register of EVENT_LOG_REGISTERS) {
    promise(/^[0-9a-f]{96}$/.test(replayed[register]), "a replayed register has 48 bytes");
    const isExtended = log.events.some((event) => event.register === register);
    promise(isExtended !== /^0*$/.test(replayed[register]), "a register is zero unless something extends it");
  }
  promise(verifyReplay(log, replayed).ok, "a log explains its own replay");
  for (const lookup of [composeHash(log), appId(log), findRuntimeEvent(log, "system-ready", "boot")]) {
    promise(lookup.ok || lookup.error.code === "event-log-malformed", "a lookup answers or refuses");
  }
  promise(
    listRuntimeEvents(log, "init-script-hash", "whole-log").length <= log.events.length,
    "a lookup invents no event",
  );
}

const EV_NO_ACTION = 3;

function logKind(log: EventLog): string {
  const mismatches = log.events.filter(({ digestMatches }) => digestMatches === false).length;
  return `${magnitude(log.events.length)} events, ${magnitude(mismatches)} with another digest`;
}

function inspectCcel(input: Uint8Array, log: EventLog): void {
  inspectLog(log);
  const records = decodeCcel(input)?.records ?? [];
  promise(records.length >= log.events.length, "every event is a record");
  log.events.forEach((event, index) => {
    const record = records[index];
    promise(record?.type === event.type, "an event has the type of its record");
    const register = record.type === EV_NO_ACTION ? null : EVENT_LOG_REGISTERS[record.index - 1];
    promise(register === event.register, "an event has the register of its record");
    promise(Buffer.from(record.data).toString("hex") === event.payload, "an event has the data of its record");
    const digest = record.digests.find(({ algorithm }) => algorithm === 0x0c)?.digest ?? new Uint8Array();
    promise(Buffer.from(digest).toString("hex") === event.digest, "an event has the digest of its record");
  });
  const automatic = parseEventLog(input);
  promise(automatic.ok && automatic.value.format === "ccel", "a CCEL is recognised");
}

/** The array of events, out of what it may be wrapped in. */
function unwrap(text: string): readonly unknown[] {
  const value: unknown = JSON.parse(text);
  if (typeof value === "string") return unwrap(value);
  if (Array.isArray(value)) return value;
  const fields = Object(value);
  const carried: unknown = Reflect.get(fields, "event_log") ?? Reflect.get(fields, "eventLog");
  return typeof carried === "string" ? unwrap(carried) : Array.isArray(carried) ? carried : [];
}

function inspectDstackLog(input: Uint8Array, log: EventLog): void {
  inspectLog(log);
  const text = decodeText(input);
  const entries = unwrap(text);
  promise(entries.length === log.events.length, "every entry is an event");
  log.events.forEach((event, index) => {
    const entry = Object(entries[index]);
    const claimed: unknown = Reflect.get(entry, "digest");
    promise(claimed === "" || String(claimed).toLowerCase() === event.digest, "a claimed digest is the digest");
    promise(Reflect.get(entry, "event") === event.name, "an event has the name of its entry");
    promise(event.register === `rtmr${String(Reflect.get(entry, "imr"))}`, "an event has the register of its entry");
    const type: unknown = Reflect.get(entry, "event_type") ?? Reflect.get(entry, "eventType");
    promise(event.type === type, "an event has the type of its entry");
    const payload: unknown = Reflect.get(entry, "event_payload") ?? Reflect.get(entry, "eventPayload");
    promise((event.payload ?? "") === String(payload).toLowerCase(), "an event has the payload of its entry");
    const isRuntimeEvent = event.type === 0x0800_0001;
    promise(isRuntimeEvent === (event.register === "rtmr3"), "runtime events are those of RTMR3");
    promise(!isRuntimeEvent || event.digestMatches === true, "the digest of a runtime event was computed");
  });
  const asText = parseEventLog(text, "dstack");
  promise(asText.ok && asText.value.events.length === log.events.length, "text and bytes of a log are read alike");
}

/** The parser of CCEL areas. */
export const CCEL_TARGET: FuzzTarget = {
  name: "ccel",
  seeds: (corpus) => corpus.ccels,
  mutators: [...CCEL_MUTATORS, ...CCEL_MUTATORS, ...BYTE_MUTATORS],
  attempt: (input) => attemptOf(parseEventLog(input, "ccel"), ["event-log"], (log) => inspectCcel(input, log), logKind),
};

/** The parser of dstack event logs. */
export const DSTACK_LOG_TARGET: FuzzTarget = {
  name: "dstack-log",
  seeds: (corpus) => corpus.dstackLogs,
  mutators: [...DSTACK_MUTATORS, ...DSTACK_MUTATORS, ...JSON_MUTATORS, ...BYTE_MUTATORS],
  attempt: (input) =>
    attemptOf(parseEventLog(input, "dstack"), ["event-log"], (log) => inspectDstackLog(input, log), logKind),
};
