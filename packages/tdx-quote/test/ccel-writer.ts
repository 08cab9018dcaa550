/** Writes CCEL areas by the TCG layout, for tests: independent of the reader, and able to write what is wrong. */

export const SHA1 = 0x0004;
export const SHA256 = 0x000b;
export const SHA384 = 0x000c;
export const SHA512 = 0x000d;
export const SM3 = 0x0012;

function u16(value: number): number[] {
  return [value & 0xff, value >>> 8];
}

export function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}

export function ascii(text: string): number[] {
  return [...Buffer.from(text, "latin1")];
}

export interface SpecIdFields {
  readonly registerIndex?: number;
  readonly type?: number;
  readonly digest?: readonly number[];
  readonly signature?: string;
  readonly major?: number;
  readonly algorithmCount?: number;
  readonly algorithms?: readonly (readonly [id: number, size: number])[];
  readonly vendor?: string;
  readonly vendorSize?: number;
  /** Added to the true event size. */
  readonly sizeError?: number;
  readonly eventSize?: number;
}

export function specIdRecord(fields: SpecIdFields = {}): number[] {
  const algorithms = fields.algorithms ?? [[SHA384, 48]];
  const vendor = fields.vendor ?? "";
  const event = [
    ...ascii(fields.signature ?? "Spec ID Event03\0"),
    ...u32(0),
    0,
    fields.major ?? 2,
    0,
    2,
    ...u32(fields.algorithmCount ?? algorithms.length),
    ...algorithms.flatMap(([id, size]) => [...u16(id), ...u16(size)]),
    fields.vendorSize ?? vendor.length,
    ...ascii(vendor),
  ];
  return [
    ...u32(fields.registerIndex ?? 1),
    ...u32(fields.type ?? 3),
    ...(fields.digest ?? Array.from({ length: 20 }, () => 0)),
    ...u32(fields.eventSize ?? event.length + (fields.sizeError ?? 0)),
    ...event,
  ];
}

export interface RecordFields {
  readonly index?: number;
  readonly type?: number;
  readonly digests?: readonly (readonly [algorithm: number, bytes: readonly number[]])[];
  readonly digestCount?: number;
  readonly event?: readonly number[];
  readonly eventSize?: number;
}

export const SOME_DIGEST: readonly number[] = Array.from({ length: 48 }, (_, i) => i + 1);

export function record(fields: RecordFields = {}): number[] {
  const digests = fields.digests ?? [[SHA384, SOME_DIGEST]];
  const event = fields.event ?? ascii("data");
  return [
    ...u32(fields.index ?? 1),
    ...u32(fields.type ?? 0xd),
    ...u32(fields.digestCount ?? digests.length),
    ...digests.flatMap(([algorithm, bytes]) => [...u16(algorithm), ...bytes]),
    ...u32(fields.eventSize ?? event.length),
    ...event,
  ];
}

export function filler(byte: number, length: number): number[] {
  return Array.from({ length }, () => byte);
}

export function area(...parts: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(parts.flat());
}
