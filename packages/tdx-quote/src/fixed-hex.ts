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
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = (digitOf(hex.charCodeAt(2 * index)) << 4) | digitOf(hex.charCodeAt(2 * index + 1));
  }
  return bytes;
}

/** The value of a lower-case hex digit given as a UTF-16 code unit. */
function digitOf(code: number): number {
  return code < 0x61 ? code - 0x30 : code - 0x57;
}

/** Whether every byte is zero. */
export function isZeroHex(hex: FixedHex<number>): boolean {
  return /^0*$/.test(hex);
}

/** Takes `size` bytes at `offset` as hex. */
export type HexSlicer = <Bytes extends number>(offset: number, size: Bytes) => FixedHex<Bytes>;

/** Spells a structure once, for fields that are then cut out of it; the caller has checked that their bytes are there. */
export function hexSlicer(structure: Uint8Array): HexSlicer {
  const text = toHex(structure);
  return (offset, size) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the size is the argument
    text.slice(2 * offset, 2 * (offset + size)) as FixedHex<typeof size>;
}
