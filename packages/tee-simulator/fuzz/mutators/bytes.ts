import { concatBytes } from "../../src/byte-writer.ts";
import type { Draw } from "../draw.ts";
import type { Mutator } from "../target.ts";

/** Numbers at the edges of the integer types that lengths and counts are written in. */
export const EDGE_NUMBERS: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 9, 16, 31, 32, 47, 48, 63, 64, 127, 128, 129, 255, 256, 257, 4095, 32767, 32768, 65535, 65536,
  0xff_ffff, 0x100_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_fffe, 0xffff_ffff,
];

/** Where a run of bytes begins and ends (exclusive). */
function range(length: number, draw: Draw, longest = length): readonly [start: number, end: number] {
  const start = draw.below(length);
  // Mostly short runs: a long one destroys more structure than it tests.
  const limit = draw.oneIn(4) ? longest : Math.min(longest, 16);
  return [start, Math.min(length, start + 1 + draw.below(limit))];
}

/** Replaces the bytes from `start` to `end`. */
function replaceBytes(bytes: Uint8Array, start: number, end: number, by: Uint8Array): Uint8Array {
  return concatBytes(bytes.subarray(0, start), by, bytes.subarray(end));
}

/** Overwrites an integer of 1, 2 or 4 bytes; a place outside of the bytes is left alone. */
export function writeInteger(
  bytes: Uint8Array,
  offset: number,
  size: 1 | 2 | 4,
  value: number,
  littleEndian = true,
): Uint8Array {
  const copy = bytes.slice();
  if (offset < 0 || offset + size > copy.length) return copy;
  const view = new DataView(copy.buffer);
  if (size === 1) view.setUint8(offset, value & 0xff);
  else if (size === 2) view.setUint16(offset, value & 0xffff, littleEndian);
  else view.setUint32(offset, value >>> 0, littleEndian);
  return copy;
}

function changed(input: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = input.slice();
  if (copy.length > 0) change(copy);
  return copy;
}

/** Changes that fit any format. */
export const BYTE_MUTATORS: readonly Mutator[] = [
  {
    name: "flip a bit",
    apply: (input, draw) =>
      changed(input, (copy) => {
        const at = draw.below(copy.length);
        copy[at] = (copy[at] ?? 0) ^ (1 << draw.below(8));
      }),
  },
  {
    name: "set a byte",
    apply: (input, draw) =>
      changed(input, (copy) => {
        copy[draw.below(copy.length)] =
          (draw.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]) ?? 0) + draw.below(2) * draw.below(256);
      }),
  },
  {
    name: "set an integer",
    apply: (input, draw) =>
      writeInteger(
        input,
        draw.below(input.length),
        draw.pick([1, 2, 4] as const) ?? 4,
        draw.pick(EDGE_NUMBERS) ?? 0,
        draw.oneIn(2),
      ),
  },
  {
    name: "fill a run",
    apply: (input, draw) =>
      changed(input, (copy) => copy.fill(draw.pick([0, 0xff, 0x20, 0x30]) ?? 0, ...range(copy.length, draw))),
  },
  { name: "delete a run", apply: (input, draw) => replaceBytes(input, ...range(input.length, draw), new Uint8Array()) },
  {
    name: "insert bytes",
    apply: (input, draw) => {
      const at = draw.below(input.length + 1);
      return replaceBytes(input, at, at, draw.bytes(1 + draw.below(16)));
    },
  },
  {
    name: "double a run",
    apply: (input, draw) => {
      const [start, end] = range(input.length, draw);
      return replaceBytes(input, end, end, input.subarray(start, end));
    },
  },
  {
    name: "move a run",
    apply: (input, draw) => {
      const [start, end] = range(input.length, draw);
      const rest = replaceBytes(input, start, end, new Uint8Array());
      const at = draw.below(rest.length + 1);
      return replaceBytes(rest, at, at, input.subarray(start, end));
    },
  },
  { name: "cut the end", apply: (input, draw) => input.slice(0, draw.below(input.length + 1)) },
  {
    name: "splice two inputs",
    apply: (input, draw, other) =>
      concatBytes(input.subarray(0, draw.below(input.length + 1)), other.subarray(draw.below(other.length + 1))),
  },
  {
    name: "copy a run from another input",
    apply: (input, draw, other) => {
      const [start, end] = range(other.length, draw);
      const at = draw.below(input.length + 1);
      return replaceBytes(
        input,
        at,
        Math.min(input.length, at + draw.below(2) * (end - start)),
        other.subarray(start, end),
      );
    },
  },
  {
    name: "repeat a run",
    apply: (input, draw) => {
      const [start, end] = range(input.length, draw, 256);
      const run = input.subarray(start, end);
      const times = 1 + draw.below(draw.oneIn(64) ? Math.floor(65_536 / Math.max(1, run.length)) : 64);
      return replaceBytes(input, start, end, concatBytes(...Array.from({ length: times }, () => run)));
    },
  },
];
