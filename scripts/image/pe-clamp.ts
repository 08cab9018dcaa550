/** Offsets from the PE signature of a PE32+ file. */
const PE = {
  timeDateStamp: 8,
  sectionCount: 6,
  optionalSize: 20,
  optional: 24,
  imageBase: 48,
  sectionAlignment: 56,
  checkSum: 88,
} as const;
const SECTION_BYTES = 40;

function signatureOf(file: Buffer): number {
  const at = file.readUInt32LE(60);
  if (file.toString("latin1", at, at + 4) !== "PE\0\0") throw new Error("not a PE file");
  return at;
}

/** Where the next section of a PE32+ file may be loaded: `free` is relative to `base`, both are aligned as its sections are. */
export function sectionSpace(file: Buffer): {
  readonly base: number;
  readonly free: number;
  readonly alignment: number;
} {
  const pe = signatureOf(file);
  const alignment = file.readUInt32LE(pe + PE.sectionAlignment);
  const table = pe + PE.optional + file.readUInt16LE(pe + PE.optionalSize);
  let end = 0;
  for (let index = 0; index < file.readUInt16LE(pe + PE.sectionCount); index += 1) {
    const at = table + index * SECTION_BYTES;
    end = Math.max(end, file.readUInt32LE(at + 12) + file.readUInt32LE(at + 8));
  }
  return { base: Number(file.readBigUInt64LE(pe + PE.imageBase)), free: alignUp(end, alignment), alignment };
}

/** The next multiple of `alignment`. */
export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/**
 * Takes out of a PE file what depends on the time of its making: the time stamp becomes 0, and the checksum fits again.
 *
 * Source: Microsoft PE/COFF specification; the checksum is that of `CheckSumMappedFile`.
 */
export function clampPe(file: Buffer): void {
  const pe = signatureOf(file);
  file.writeUInt32LE(0, pe + PE.timeDateStamp);
  file.writeUInt32LE(0, pe + PE.checkSum);
  let sum = 0;
  for (let at = 0; at + 1 < file.length; at += 2) {
    sum += file.readUInt16LE(at);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  if (file.length % 2 === 1) sum += file.readUInt8(file.length - 1);
  sum = (sum & 0xffff) + (sum >>> 16);
  file.writeUInt32LE((sum + file.length) >>> 0, pe + PE.checkSum);
}
