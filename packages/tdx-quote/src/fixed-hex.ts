import { toHex } from "./hex.ts";
import type { Brand } from "./result.ts";

/**
 * A public value of exactly `Bytes` bytes as lower-case hex: immutable, comparable with `===`, safe as a key.
 *
 * @typeParam Bytes - the number of bytes; the text has twice as many characters
 */
export type FixedHex<Bytes extends number> = Brand<string, `Hex${Bytes}`>;

/** The bytes that a hex value spells. */
export function bytesOfHex(hex: FixedHex<number>): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2);
  for (const index of bytes.keys()) bytes[index] = parseInt(hex.slice(2 * index, 2 * index + 2), 16);
  return bytes;
}

/** Whether every byte is zero. */
export function isZeroHex(hex: FixedHex<number>): boolean {
  return /^0*$/.test(hex);
}

/**
 * Takes `size` bytes at `offset` as hex; the caller has checked that the bytes are there.
 */
export function sliceHex<Bytes extends number>(bytes: Uint8Array, offset: number, size: Bytes): FixedHex<Bytes> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the size is the argument
  return toHex(bytes.subarray(offset, offset + size)) as FixedHex<Bytes>;
}
