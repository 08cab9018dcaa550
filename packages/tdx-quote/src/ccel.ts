import { sha384Hex } from "#sha2";
import { EVENT_LOG_REGISTERS, malformedEventLog, type EventLog, type EventLogEvent } from "./event-log.ts";
import { failure, type Failure } from "./failure.ts";
import { toHex } from "./hex.ts";
import { err, ok, type Result } from "./result.ts";
import { digestCoversEventData, EV_NO_ACTION, tcgEventTypeName } from "./tcg-event-type.ts";

/** Largest CCEL area that is read; real ones have 64 KiB to 1 MiB, mostly filler. */
export const CCEL_LIMIT_BYTES: number = 4 * 1024 * 1024;

const TPM_ALG_SHA384 = 0x000c;

/** Digest sizes in bytes. TCG Algorithm Registry, table of hash algorithms: SHA-1, SHA-256, SHA-384, SHA-512, SM3-256. */
const DIGEST_BYTES: ReadonlyMap<number, number> = new Map([
  [0x0004, 20],
  [0x000b, 32],
  [TPM_ALG_SHA384, 48],
  [0x000d, 64],
  [0x0012, 32],
]);

const MAX_ALGORITHMS = 8;
const MAX_DIGESTS = 8;

/** Offsets of the first record, TCG_PCClientPCREvent of the old SHA-1 format. */
const HEADER = { type: 4, digest: 8, eventSize: 28, event: 32 } as const;

/** Offsets in the spec ID event, TCG_EfiSpecIDEvent; the algorithms follow, then a vendor size byte and vendor bytes. */
const SPEC_ID = { major: 21, algorithmCount: 24, algorithms: 28 } as const;

/** `Spec ID Event03` with its NUL. */
const SPEC_ID_SIGNATURE: readonly number[] = [...new TextEncoder().encode("Spec ID Event03\0")];
const SPEC_ID_MAJOR = 2;

const END_MARKER = 0xffffffff;

/**
 * Parses the data area of the ACPI CCEL table: a TCG2 crypto-agile log, little-endian.
 *
 * @param bytes - the whole area, filler included; at most {@link CCEL_LIMIT_BYTES}
 * Errors: `event-log-malformed`, `event-log-no-sha384`, with the byte offset of the record.
 * Source: TCG PC Client Platform Firmware Profile, crypto agile log; Intel TDX Virtual Firmware Design Guide, CCEL.
 */
export function parseCcel(bytes: Uint8Array): Result<EventLog, Failure> {
  if (bytes.length > CCEL_LIMIT_BYTES) {
    return malformedEventLog({ reason: "too large", expected: CCEL_LIMIT_BYTES, actual: bytes.length });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = parseHeader(bytes, view);
  if (!header.ok) return header;
  const { algorithms } = header.value;
  const events: EventLogEvent[] = [];
  let offset = header.value.end;
  for (;;) {
    const ending = readEnd(bytes, view, offset);
    if (!ending.ok) return ending;
    if (ending.value) return ok({ format: "ccel", events });
    const record = parseRecord(bytes, view, offset, algorithms, events.length);
    if (!record.ok) return record;
    events.push(record.value.event);
    offset = record.value.end;
  }
}

type Algorithms = ReadonlyMap<number, number>;

function parseHeader(bytes: Uint8Array, view: DataView): Result<{ algorithms: Algorithms; end: number }, Failure> {
  const subject = "spec ID record";
  if (bytes.length < HEADER.event) return malformedEventLog({ subject, offset: 0, reason: "cut short" });
  if (view.getUint32(HEADER.type, true) !== EV_NO_ACTION) {
    return malformedEventLog({ subject, offset: HEADER.type, reason: "the log does not open with EV_NO_ACTION" });
  }
  if (!isFilledWith(0, bytes, HEADER.digest, HEADER.eventSize)) {
    return malformedEventLog({ subject, offset: HEADER.digest, reason: "digest is not zero" });
  }
  const eventSize = view.getUint32(HEADER.eventSize, true);
  if (eventSize > bytes.length - HEADER.event) {
    return malformedEventLog({ subject, offset: HEADER.eventSize, reason: "event size past the end of the log" });
  }
  const event = bytes.subarray(HEADER.event, HEADER.event + eventSize);
  if (
    event.length < SPEC_ID.algorithms ||
    SPEC_ID_SIGNATURE.some((byte, i) => event[i] !== byte) ||
    event[SPEC_ID.major] !== SPEC_ID_MAJOR
  ) {
    return malformedEventLog({ subject, offset: HEADER.event, reason: "not a spec ID event of version 2" });
  }
  const count = view.getUint32(HEADER.event + SPEC_ID.algorithmCount, true);
  if (count < 1 || count > MAX_ALGORITHMS) {
    return malformedEventLog({ subject, offset: HEADER.event, reason: "number of algorithms", actual: count });
  }
  const vendorSizeAt = SPEC_ID.algorithms + 4 * count;
  const vendorSize = event[vendorSizeAt];
  if (vendorSize === undefined || vendorSizeAt + 1 + vendorSize !== event.length) {
    return malformedEventLog({ subject, offset: HEADER.event, reason: "event size does not fit its content" });
  }
  const algorithms = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = HEADER.event + SPEC_ID.algorithms + 4 * i;
    const algorithm = view.getUint16(at, true);
    const size = view.getUint16(at + 2, true);
    if (algorithms.has(algorithm) || size !== (DIGEST_BYTES.get(algorithm) ?? size)) {
      return malformedEventLog({ subject, offset: at, reason: "contradicting algorithm", actual: algorithm });
    }
    algorithms.set(algorithm, size);
  }
  return ok({ algorithms, end: HEADER.event + eventSize });
}

/** Whether the log ends at `offset`. What follows an end marker must be filler: anything else is data that nobody reads. */
function readEnd(bytes: Uint8Array, view: DataView, offset: number): Result<boolean, Failure> {
  const remaining = bytes.length - offset;
  if (remaining === 0) return ok(true);
  if (remaining < 4) {
    if (isFilledWith(0, bytes, offset) || isFilledWith(0xff, bytes, offset)) return ok(true);
    return malformedEventLog({ offset, reason: "cut short" });
  }
  const index = view.getUint32(offset, true);
  if (index === END_MARKER) {
    if (isFilledWith(0xff, bytes, offset)) return ok(true);
    return malformedEventLog({ offset, reason: "data after the end marker" });
  }
  // td-shim leaves its area zeroed: no index and no type means that nothing was ever written here.
  if (remaining >= 8 && index === 0 && view.getUint32(offset + 4, true) === 0) {
    if (isFilledWith(0, bytes, offset)) return ok(true);
    return malformedEventLog({ offset, reason: "data after the end marker" });
  }
  return ok(false);
}

function parseRecord(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  algorithms: Algorithms,
  index: number,
): Result<{ event: EventLogEvent; end: number }, Failure> {
  const subject = `event ${index}`;
  const cutShort = (): Result<never, Failure> => malformedEventLog({ subject, offset: start, reason: "cut short" });
  if (bytes.length - start < 12) return cutShort();
  const registerIndex = view.getUint32(start, true);
  const type = view.getUint32(start + 4, true);
  const digestCount = view.getUint32(start + 8, true);
  if (digestCount < 1 || digestCount > MAX_DIGESTS) {
    return malformedEventLog({ subject, offset: start, reason: "number of digests", actual: digestCount });
  }
  let offset = start + 12;
  const sha384Digests: Uint8Array[] = [];
  for (let i = 0; i < digestCount; i++) {
    if (bytes.length - offset < 2) return cutShort();
    const algorithm = view.getUint16(offset, true);
    const size = algorithms.get(algorithm);
    if (size === undefined) {
      return malformedEventLog({ subject, offset, reason: "algorithm not declared", actual: algorithm });
    }
    offset += 2;
    if (size > bytes.length - offset) return cutShort();
    if (algorithm === TPM_ALG_SHA384) sha384Digests.push(bytes.subarray(offset, offset + size));
    offset += size;
  }
  if (bytes.length - offset < 4) return cutShort();
  const eventSize = view.getUint32(offset, true);
  offset += 4;
  if (eventSize > bytes.length - offset) return cutShort();
  const data = bytes.subarray(offset, offset + eventSize);
  const end = offset + eventSize;

  const [digest, second] = sha384Digests;
  const described = { index, type, name: tcgEventTypeName(type), payload: toHex(data) };
  if (type === EV_NO_ACTION) {
    return ok({ event: { ...described, register: null, digest: digest === undefined ? "" : toHex(digest) }, end });
  }
  // Index 0 is MRTD, which nothing extends once the TD is built.
  const register = EVENT_LOG_REGISTERS[registerIndex - 1];
  if (register === undefined) {
    return malformedEventLog({ subject, offset: start, reason: "register index", actual: registerIndex });
  }
  if (digest === undefined || second !== undefined) {
    return err(
      failure("event-log", "event-log-no-sha384", {
        subject,
        offset: start,
        expected: 1,
        actual: sha384Digests.length,
      }),
    );
  }
  const digestHex = toHex(digest);
  const event = { ...described, register, digest: digestHex };
  if (!digestCoversEventData(type)) return ok({ event, end });
  return ok({ event: { ...event, digestMatches: sha384Hex(data) === digestHex }, end });
}

function isFilledWith(byte: number, bytes: Uint8Array, start: number, end: number = bytes.length): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== byte) return false;
  return true;
}
