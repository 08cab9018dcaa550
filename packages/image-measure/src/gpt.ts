import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { readRange, type ByteSource } from "./byte-source.ts";
import { crc32 } from "./crc32.ts";
import { refuseImage, type ImageError } from "./image-error.ts";

const SECTOR_BYTES = 512;
const HEADER_BYTES = 92;
const ENTRY_BYTES = 128;
const MAX_ENTRIES = 1024;
/** `EFI PART`, little-endian. */
const SIGNATURE = 0x5452_4150_2049_4645n;

/** Offsets in the header. */
const HEADER = {
  size: 12,
  crc: 16,
  ownLba: 24,
  entriesLba: 72,
  entryCount: 80,
  entrySize: 84,
  entriesCrc: 88,
} as const;

/** One used entry of a partition table. */
export interface Partition {
  /** GUIDs as people write them, lower case. */
  readonly type: string;
  readonly guid: string;
  readonly name: string;
  /** In bytes from the start of the disk. */
  readonly offset: number;
  readonly size: number;
}

/** A partition table, and what firmware measures of it. */
export interface PartitionTable {
  readonly diskGuid: string;
  readonly partitions: readonly Partition[];
  /** Data of `EV_EFI_GPT_EVENT`: the header, the number of used entries, and these. */
  readonly event: Uint8Array;
}

/** A GUID with its first three fields turned from little-endian. */
function guidText(bytes: Uint8Array): string {
  const hex = (start: number, end: number, reversed: boolean): string => {
    const part = bytes.slice(start, end);
    return toHex(reversed ? part.toReversed() : part);
  };
  return [hex(0, 4, true), hex(4, 6, true), hex(6, 8, true), hex(8, 10, false), hex(10, 16, false)].join("-");
}

function readLba(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true)) * SECTOR_BYTES;
}

function readEntry(entry: Uint8Array): Partition {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  const offset = readLba(view, 32);
  return {
    type: guidText(entry.subarray(0, 16)),
    guid: guidText(entry.subarray(16, 32)),
    name: new TextDecoder("utf-16le").decode(entry.subarray(56)).replace(/\0.*$/s, ""),
    offset,
    size: readLba(view, 40) + SECTOR_BYTES - offset,
  };
}

/**
 * Reads the primary partition table of a disk of 512-byte sectors.
 *
 * Errors: `disk-truncated`, `gpt-invalid` (signature, sizes, checksums), and with it the whole table is refused.
 * Source: UEFI specification 2.10, section 5.3; TCG PC Client Platform Firmware Profile, UEFI_GPT_DATA (what EDK II measures).
 */
export async function readPartitionTable(disk: ByteSource): Promise<Result<PartitionTable, ImageError>> {
  const sector = await readRange(disk, SECTOR_BYTES, SECTOR_BYTES);
  if (!sector.ok) return sector;
  const header = new Uint8Array(sector.value.subarray(0, HEADER_BYTES));
  const view = new DataView(header.buffer);
  if (view.getBigUint64(0, true) !== SIGNATURE) return refuseImage("gpt-invalid", "the disk has no GPT header");
  if (view.getUint32(HEADER.size, true) !== HEADER_BYTES || readLba(view, HEADER.ownLba) !== SECTOR_BYTES) {
    return refuseImage("gpt-invalid", "the GPT header is not one of 92 bytes in sector 1");
  }
  const withoutCrc = new Uint8Array(header);
  withoutCrc.fill(0, HEADER.crc, HEADER.crc + 4);
  if (crc32(withoutCrc) !== view.getUint32(HEADER.crc, true)) {
    return refuseImage("gpt-invalid", "the checksum of the GPT header is wrong");
  }
  const count = view.getUint32(HEADER.entryCount, true);
  if (count > MAX_ENTRIES || view.getUint32(HEADER.entrySize, true) !== ENTRY_BYTES) {
    return refuseImage("gpt-invalid", `the GPT must have at most ${MAX_ENTRIES} entries of ${ENTRY_BYTES} bytes`);
  }
  const table = await readRange(disk, readLba(view, HEADER.entriesLba), count * ENTRY_BYTES);
  if (!table.ok) return table;
  if (crc32(table.value) !== view.getUint32(HEADER.entriesCrc, true)) {
    return refuseImage("gpt-invalid", "the checksum of the GPT entries is wrong");
  }
  const used: Uint8Array[] = [];
  for (let at = 0; at < table.value.length; at += ENTRY_BYTES) {
    const entry = table.value.subarray(at, at + ENTRY_BYTES);
    if (entry.subarray(0, 16).some((byte) => byte !== 0)) used.push(entry);
  }
  return ok({
    diskGuid: guidText(header.subarray(56, 72)),
    partitions: used.map(readEntry),
    event: gptEvent(header, used),
  });
}

function gptEvent(header: Uint8Array, used: readonly Uint8Array[]): Uint8Array {
  const event = new Uint8Array(HEADER_BYTES + 8 + used.length * ENTRY_BYTES);
  event.set(header);
  new DataView(event.buffer).setBigUint64(HEADER_BYTES, BigInt(used.length), true);
  used.forEach((entry, index) => {
    event.set(entry, HEADER_BYTES + 8 + index * ENTRY_BYTES);
  });
  return event;
}
