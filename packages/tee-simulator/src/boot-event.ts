import { sha384 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { concatBytes, u32le, utf8 } from "./byte-writer.ts";
import type { DstackLogEntry } from "./runtime-event.ts";

/** Event types of the TCG PC Client Platform Firmware Profile, table of events, as TDX firmware uses them. */
export const EVENT_TYPE = {
  separator: 0x4,
  eventTag: 0x6,
  platformConfigFlags: 0xa,
  ipl: 0xd,
  variableDriverConfig: 0x80000001,
  variableBoot: 0x80000002,
  bootServicesApplication: 0x80000003,
  gptEvent: 0x80000006,
  efiAction: 0x80000007,
  platformFirmwareBlob2: 0x8000000a,
  handoffTables2: 0x8000000b,
} as const;

/** One event of a measured boot, before any log format. */
export interface BootEvent {
  readonly register: 0 | 1 | 2;
  readonly type: number;
  /** Label that dstack gives the three ACPI events; empty otherwise. */
  readonly label: string;
  readonly data: Uint8Array;
  /** SHA-384, 48 bytes. */
  readonly digest: Uint8Array;
}

/** An event whose digest covers its data. */
export function coveredEvent(register: 0 | 1 | 2, type: number, data: Uint8Array): BootEvent {
  return { register, type, label: "", data, digest: sha384(data) };
}

/** An event whose digest covers something that the log does not hold, such as an executable or a table. */
export function referencedEvent(
  register: 0 | 1 | 2,
  type: number,
  measured: string,
  data: Uint8Array = utf8(measured),
  label = "",
): BootEvent {
  return { register, type, label, data, digest: sha384(utf8(`simulated: ${measured}`)) };
}

/** UEFI_VARIABLE_DATA: GUID, lengths, name in UTF-16, contents. Source: TCG PC Client Platform Firmware Profile. */
export function variableEvent(guid: string, name: string, contents: Uint8Array): BootEvent {
  const text = Uint8Array.from(Array.from(name).flatMap((char) => [char.charCodeAt(0), 0]));
  const data = concatBytes(
    guidBytes(guid),
    u32le(name.length),
    u32le(0),
    u32le(contents.length),
    u32le(0),
    text,
    contents,
  );
  return coveredEvent(0, EVENT_TYPE.variableDriverConfig, data);
}

function guidBytes(guid: string): Uint8Array {
  const digits = guid.replaceAll("-", "");
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];
  return Uint8Array.from(order, (index) => Number.parseInt(digits.slice(index * 2, index * 2 + 2), 16));
}

/** The entry of a boot event in a dstack log. */
export function bootLogEntry(event: BootEvent): DstackLogEntry {
  return {
    imr: event.register,
    event_type: event.type,
    digest: bytesToHex(event.digest),
    event: event.label,
    event_payload: bytesToHex(event.data),
  };
}
