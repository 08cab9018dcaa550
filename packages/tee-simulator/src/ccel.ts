import type { BootEvent } from "./boot-event.ts";
import { concatBytes, u16le, u32le, utf8 } from "./byte-writer.ts";

/** TCG algorithm identifiers and their digest sizes in bytes (TCG Algorithm Registry). */
export const TCG_ALGORITHM = { sha1: 0x4, sha256: 0xb, sha384: 0xc, sha512: 0xd, sm3: 0x12 } as const;

/** One digest of a record. */
interface CcelDigest {
  algorithm: number;
  digest: Uint8Array;
}

/** One record after the header. */
export interface CcelRecord {
  index: number;
  type: number;
  digests: CcelDigest[];
  data: Uint8Array;
  /** What the count and size fields say, where that is not the truth. */
  digestCount?: number;
  dataSize?: number;
}

/** A CCEL data area, part by part. */
export interface CcelRecipe {
  signature: Uint8Array;
  algorithms: { id: number; size: number }[];
  /** What the header's count says, where that is not the truth. */
  algorithmCount?: number;
  /** What the header's size says: gets the true one. */
  headerSize?: (actual: number) => number;
  records: CcelRecord[];
  /** What stands after the last record. */
  end: Uint8Array;
}

/** The CCEL of a boot: a record for each event, SHA-384 only, filled with FF to the size of its ACPI area. */
export function ccelOf(events: readonly BootEvent[]): CcelRecipe {
  return {
    signature: utf8("Spec ID Event03\0"),
    algorithms: [{ id: TCG_ALGORITHM.sha384, size: 48 }],
    records: events.map((event) => ({
      index: event.register + 1,
      type: event.type,
      digests: [{ algorithm: TCG_ALGORITHM.sha384, digest: event.digest }],
      data: event.data,
    })),
    end: new Uint8Array(4096).fill(0xff),
  };
}

/** Encodes a CCEL. Source: TCG PC Client Platform Firmware Profile, crypto-agile log; UEFI, EFI_CC_EVENTLOG. */
export function encodeCcel(recipe: CcelRecipe): Uint8Array {
  return concatBytes(encodeCcelHeader(recipe), ...recipe.records.map(encodeCcelRecord), recipe.end);
}

/** The first record, in the old format. */
export function encodeCcelHeader(recipe: CcelRecipe): Uint8Array {
  const spec = concatBytes(
    recipe.signature,
    u32le(0),
    Uint8Array.of(0, 2, 0, 2),
    u32le(recipe.algorithmCount ?? recipe.algorithms.length),
    ...recipe.algorithms.map(({ id, size }) => concatBytes(u16le(id), u16le(size))),
    Uint8Array.of(0),
  );
  return concatBytes(
    u32le(1),
    u32le(3),
    new Uint8Array(20),
    u32le(recipe.headerSize?.(spec.length) ?? spec.length),
    spec,
  );
}

/** One later record. */
export function encodeCcelRecord(record: CcelRecord): Uint8Array {
  return concatBytes(
    u32le(record.index),
    u32le(record.type),
    u32le(record.digestCount ?? record.digests.length),
    ...record.digests.map(({ algorithm, digest }) => concatBytes(u16le(algorithm), digest)),
    u32le(record.dataSize ?? record.data.length),
    record.data,
  );
}
