import { crc32 } from "node:zlib";

/** Images made for tests, byte by byte, by other means than those that read them. */

export interface SectionSource {
  readonly name: string;
  readonly content: Uint8Array;
}

const FILE_ALIGNMENT = 512;
/** Offset of the optional header, and where its section table ends. */
export const OPTIONAL_HEADER = 0x58;

function aligned(size: number, to = FILE_ALIGNMENT): number {
  return Math.ceil(size / to) * to;
}

/** A PE32+ file; sections stand in the file in their order. */
export function peOf(sections: readonly SectionSource[], trailing: Uint8Array = new Uint8Array()): Uint8Array {
  const table = OPTIONAL_HEADER + 240;
  const headers = aligned(table + 40 * sections.length);
  const size = sections.reduce((sum, { content }) => sum + aligned(content.length), headers);
  const file = Buffer.alloc(size + trailing.length);
  file.write("MZ");
  file.writeUInt32LE(0x40, 60);
  file.write("PE\0\0", 0x40);
  file.writeUInt16LE(0x8664, 0x44);
  file.writeUInt16LE(sections.length, 0x46);
  file.writeUInt16LE(240, 0x54);
  file.writeUInt16LE(0x20b, OPTIONAL_HEADER);
  file.writeUInt32LE(headers, OPTIONAL_HEADER + 60);
  file.writeUInt32LE(16, OPTIONAL_HEADER + 108);
  let at = headers;
  sections.forEach(({ name, content }, index) => {
    const entry = table + 40 * index;
    file.write(name, entry, 8, "latin1");
    file.writeUInt32LE(content.length, entry + 8);
    file.writeUInt32LE(0x1000 * (index + 1), entry + 12);
    file.writeUInt32LE(aligned(content.length), entry + 16);
    file.writeUInt32LE(at, entry + 20);
    file.set(content, at);
    at += aligned(content.length);
  });
  file.set(trailing, at);
  return new Uint8Array(file);
}

export interface FatFile {
  /** `["EFI", "BOOT", "BOOTX64.EFI"]`. */
  readonly path: readonly string[];
  readonly content: Uint8Array;
}

function shortName(name: string): string {
  if (name === ".") return name.padEnd(11);
  const [base = "", extension = ""] = name.split(".");
  return base.padEnd(8) + extension.padEnd(3);
}

function entryOf(name: string, attributes: number, cluster: number, size: number): Buffer {
  const entry = Buffer.alloc(32);
  entry.write(shortName(name), "latin1");
  entry.writeUInt8(attributes, 11);
  entry.writeUInt16LE(cluster >> 16, 20);
  entry.writeUInt16LE(cluster & 0xffff, 26);
  entry.writeUInt32LE(size, 28);
  return entry;
}

/** A FAT file system with one cluster of 512 bytes a sector; every file after the one before. */
export function fatOf(files: readonly FatFile[], bits: 16 | 32 = 32): Uint8Array {
  const clusters = bits === 16 ? 5000 : 66_000;
  const reserved = 32;
  const fatSectors = aligned((clusters + 2) * (bits / 8)) / 512;
  const rootEntries = bits === 16 ? 512 : 0;
  const data = (reserved + fatSectors) * 512 + rootEntries * 32;
  const disk = Buffer.alloc(data + clusters * 512);
  disk.writeUInt16LE(512, 11);
  disk.writeUInt8(1, 13);
  disk.writeUInt16LE(reserved, 14);
  disk.writeUInt8(1, 16);
  disk.writeUInt16LE(rootEntries, 17);
  disk.writeUInt32LE(disk.length / 512, 32);
  if (bits === 16) disk.writeUInt16LE(fatSectors, 22);
  else disk.writeUInt32LE(fatSectors, 36);
  if (bits === 32) disk.writeUInt32LE(2, 44);
  disk.writeUInt16LE(0xaa55, 510);

  let free = bits === 32 ? 3 : 2;
  const link = (cluster: number, next: number): void => {
    if (bits === 16) disk.writeUInt16LE(next & 0xffff, reserved * 512 + 2 * cluster);
    else disk.writeUInt32LE(next, reserved * 512 + 4 * cluster);
  };
  if (bits === 32) link(2, 0x0fff_ffff);
  const store = (content: Uint8Array): number => {
    const first = free;
    const count = Math.max(1, Math.ceil(content.length / 512));
    for (let index = 0; index < count; index += 1)
      link(free + index, index + 1 < count ? free + index + 1 : 0x0fff_ffff);
    disk.set(content, data + (first - 2) * 512);
    free += count;
    return first;
  };
  const folderOf = (prefix: readonly string[]): Buffer => {
    const depth = prefix.length;
    const inside = files.filter(({ path }) => prefix.every((name, index) => path[index] === name));
    const names = [...new Set(inside.map(({ path }) => path[depth] ?? ""))];
    const entries = names.map((name) => {
      const file = inside.find(({ path }) => path[depth] === name && path.length === depth + 1);
      if (file !== undefined) return entryOf(name, 0x20, store(file.content), file.content.length);
      return entryOf(name, 0x10, store(folderOf([...prefix, name])), 0);
    });
    const dots = depth === 0 ? [entryOf("ESP", 0x08, 0, 0)] : [entryOf(".", 0x10, 0, 0)];
    const deleted = entryOf("GONE.TXT", 0x20, 0, 0);
    deleted[0] = 0xe5;
    return Buffer.concat([...dots, deleted, ...entries]);
  };
  const root = folderOf([]);
  disk.set(root, bits === 16 ? (reserved + fatSectors) * 512 : data);
  return new Uint8Array(disk);
}

export interface PartitionSource {
  readonly type: string;
  readonly guid: string;
  readonly name: string;
  readonly content: Uint8Array;
}

function guidBytes(text: string): Buffer {
  const [a = "", b = "", c = "", d = "", e = ""] = text.split("-").map((part) => Buffer.from(part, "hex"));
  return Buffer.concat([
    Buffer.from(a).toReversed(),
    Buffer.from(b).toReversed(),
    Buffer.from(c).toReversed(),
    Buffer.from(d),
    Buffer.from(e),
  ]);
}

/** A disk with a primary GPT, whose partitions follow each other from sector 64 on. */
export function diskOf(partitions: readonly PartitionSource[]): Buffer {
  const sectors = partitions.map(({ content }) => aligned(content.length) / 512);
  const disk = Buffer.alloc(512 * (64 + sectors.reduce((sum, count) => sum + count, 0) + 34));
  let at = 64;
  partitions.forEach(({ type, guid, name, content }, index) => {
    const entry = 1024 + 128 * index;
    disk.set(guidBytes(type), entry);
    disk.set(guidBytes(guid), entry + 16);
    disk.writeBigUInt64LE(BigInt(at), entry + 32);
    disk.writeBigUInt64LE(BigInt(at + Number(sectors[index]) - 1), entry + 40);
    disk.write(name, entry + 56, "utf16le");
    disk.set(content, at * 512);
    at += Number(sectors[index]);
  });
  disk.write("EFI PART", 512);
  disk.writeUInt32LE(0x1_0000, 520);
  disk.writeUInt32LE(92, 524);
  disk.writeBigUInt64LE(1n, 536);
  disk.writeBigUInt64LE(2n, 584);
  disk.writeUInt32LE(128, 592);
  disk.writeUInt32LE(128, 596);
  sealGpt(disk);
  return disk;
}

/** Makes the checksums of a GPT fit its content again. */
export function sealGpt(disk: Buffer): void {
  disk.writeUInt32LE(crc32(disk.subarray(1024, 1024 + 128 * disk.readUInt32LE(592))), 600);
  disk.writeUInt32LE(0, 528);
  disk.writeUInt32LE(crc32(disk.subarray(512, 604)), 528);
}
