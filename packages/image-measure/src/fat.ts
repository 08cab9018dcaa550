import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { readRange, type ByteSource } from "./byte-source.ts";
import { refuseImage, type ImageError } from "./image-error.ts";

const ENTRY_BYTES = 32;
const ATTRIBUTE = { volumeLabel: 0x08, directory: 0x10, longName: 0x0f } as const;
const DELETED = 0xe5;
/** Cluster counts that tell the three kinds of FAT apart. */
const FAT16_CLUSTERS = 4085;
const FAT32_CLUSTERS = 65_525;
/** Largest file read, a bound on what a forged table can make us read. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/** A file or a folder in a FAT file system. */
export interface FatEntry {
  /** Upper-case 8.3 name, as firmware looks it up: `BOOTX64.EFI`. */
  readonly name: string;
  readonly isDirectory: boolean;
  readonly size: number;
  readonly firstCluster: number;
}

/** A FAT16 or FAT32 file system, read only as far as it is walked. */
export interface FatVolume {
  readonly root: () => Promise<Result<readonly FatEntry[], ImageError>>;
  readonly list: (directory: FatEntry) => Promise<Result<readonly FatEntry[], ImageError>>;
  readonly read: (file: FatEntry) => Promise<Result<Uint8Array, ImageError>>;
}

interface Layout {
  readonly bits: 16 | 32;
  readonly fat: DataView;
  readonly clusterBytes: number;
  readonly clusters: number;
  /** Where cluster 2 starts, in bytes from the start of the partition. */
  readonly data: number;
  /** FAT16 keeps its root folder outside of the clusters. */
  readonly root: { readonly offset: number; readonly size: number } | { readonly firstCluster: number };
}

function invalid(detail: string): { readonly ok: false; readonly error: ImageError } {
  return refuseImage("esp-invalid", `the EFI system partition: ${detail}`);
}

async function readLayout(part: ByteSource): Promise<Result<Layout, ImageError>> {
  const sector = await readRange(part, 0, 512);
  if (!sector.ok) return sector;
  const boot = new DataView(sector.value.buffer, sector.value.byteOffset, 512);
  const bytesPerSector = boot.getUint16(11, true);
  const sectorsPerCluster = boot.getUint8(13);
  const reserved = boot.getUint16(14, true);
  const fats = boot.getUint8(16);
  const rootEntries = boot.getUint16(17, true);
  const fatSectors = boot.getUint16(22, true) || boot.getUint32(36, true);
  const totalSectors = boot.getUint16(19, true) || boot.getUint32(32, true);
  if (boot.getUint16(510, true) !== 0xaa55 || bytesPerSector !== 512 || sectorsPerCluster === 0 || fats === 0) {
    return invalid("no FAT file system of 512-byte sectors");
  }
  const rootOffset = (reserved + fats * fatSectors) * bytesPerSector;
  const rootSize = rootEntries * ENTRY_BYTES;
  const data = rootOffset + Math.ceil(rootSize / bytesPerSector) * bytesPerSector;
  const clusterBytes = sectorsPerCluster * bytesPerSector;
  const clusters = Math.floor((totalSectors * bytesPerSector - data) / clusterBytes);
  if (clusters < FAT16_CLUSTERS) return invalid("smaller than FAT16");
  const bits = clusters < FAT32_CLUSTERS ? 16 : 32;
  if ((clusters + 2) * (bits / 8) > fatSectors * bytesPerSector)
    return invalid("its table is too short for its clusters");
  const fat = await readRange(part, reserved * bytesPerSector, fatSectors * bytesPerSector);
  if (!fat.ok) return fat;
  return ok({
    bits,
    fat: new DataView(fat.value.buffer, fat.value.byteOffset, fat.value.byteLength),
    clusterBytes,
    clusters,
    data,
    root: bits === 16 ? { offset: rootOffset, size: rootSize } : { firstCluster: boot.getUint32(44, true) },
  });
}

/** The clusters of a file in order; null where the chain leaves the table, runs in a circle or is too long. */
function clusterChain({ bits, fat, clusters, clusterBytes }: Layout, first: number): readonly number[] | null {
  const chain: number[] = [];
  const end = bits === 16 ? 0xfff8 : 0x0fff_fff8;
  let cluster = first;
  while (cluster < end) {
    if (cluster < 2 || cluster >= clusters + 2 || chain.length * clusterBytes > MAX_FILE_BYTES) return null;
    chain.push(cluster);
    if (chain.length > clusters) return null;
    cluster = bits === 16 ? fat.getUint16(2 * cluster, true) : fat.getUint32(4 * cluster, true) & 0x0fff_ffff;
  }
  return chain;
}

async function readClusters(part: ByteSource, layout: Layout, first: number): Promise<Result<Uint8Array, ImageError>> {
  const chain = clusterChain(layout, first);
  if (chain === null) return invalid("a chain of clusters does not end");
  const { clusterBytes, data } = layout;
  const bytes = new Uint8Array(chain.length * clusterBytes);
  let at = 0;
  while (at < chain.length) {
    // Runs of neighbours are read at once.
    const start = Number(chain[at]);
    let length = 1;
    while (chain[at + length] === start + length) length += 1;
    const run = await readRange(part, data + (start - 2) * clusterBytes, length * clusterBytes);
    if (!run.ok) return run;
    bytes.set(run.value, at * clusterBytes);
    at += length;
  }
  return ok(bytes);
}

function parseEntries(folder: Uint8Array): readonly FatEntry[] {
  const entries: FatEntry[] = [];
  for (let at = 0; at + ENTRY_BYTES <= folder.length; at += ENTRY_BYTES) {
    const entry = folder.subarray(at, at + ENTRY_BYTES);
    const view = new DataView(entry.buffer, entry.byteOffset, ENTRY_BYTES);
    const first = view.getUint8(0);
    if (first === 0) break;
    const attributes = view.getUint8(11);
    if (first === DELETED || attributes === ATTRIBUTE.longName || (attributes & ATTRIBUTE.volumeLabel) !== 0) continue;
    const text = new TextDecoder("latin1").decode(entry.subarray(0, 11));
    const extension = text.slice(8).trimEnd();
    const name = text.slice(0, 8).trimEnd() + (extension === "" ? "" : `.${extension}`);
    if (name === "." || name === "..") continue;
    entries.push({
      name,
      isDirectory: (attributes & ATTRIBUTE.directory) !== 0,
      size: view.getUint32(28, true),
      firstCluster: view.getUint16(26, true) | (view.getUint16(20, true) << 16),
    });
  }
  return entries;
}

/**
 * Opens a FAT16 or FAT32 file system.
 *
 * Errors: `disk-truncated`, `esp-invalid`; of reading too.
 * Source: Microsoft FAT specification; UEFI specification 2.10, section 13.3.
 */
export async function openFat(part: ByteSource): Promise<Result<FatVolume, ImageError>> {
  const layout = await readLayout(part);
  if (!layout.ok) return layout;
  const { root } = layout.value;
  const list = async (firstCluster: number): Promise<Result<readonly FatEntry[], ImageError>> => {
    const folder = await readClusters(part, layout.value, firstCluster);
    return folder.ok ? ok(parseEntries(folder.value)) : folder;
  };
  return ok({
    async root() {
      if ("firstCluster" in root) return await list(root.firstCluster);
      const folder = await readRange(part, root.offset, root.size);
      return folder.ok ? ok(parseEntries(folder.value)) : folder;
    },
    list: (directory) => list(directory.firstCluster),
    async read(file) {
      const bytes = await readClusters(part, layout.value, file.firstCluster);
      if (!bytes.ok) return bytes;
      if (file.size > bytes.value.length) return invalid(`${file.name} is longer than its clusters`);
      return ok(bytes.value.subarray(0, file.size));
    },
  });
}
