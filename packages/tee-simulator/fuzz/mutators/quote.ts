import { concatBytes, u16le, u32le } from "../../src/byte-writer.ts";
import {
  HEADER_BYTES,
  HEADER_FIELDS,
  layOut,
  TD_REPORT_10_BYTES,
  TD_REPORT_10_FIELDS,
} from "../../src/quote-layout.ts";
import type { Draw } from "../draw.ts";
import type { Mutator } from "../target.ts";
import { EDGE_NUMBERS, writeInteger } from "./bytes.ts";
import { PEM_MUTATORS } from "./pem.ts";

/** A length, count or type in a quote. */
interface IntegerField {
  readonly offset: number;
  readonly size: 2 | 4;
}

/** A quote taken apart by its own lengths, as far as they go. */
interface QuoteParts {
  readonly header: Uint8Array;
  /** Body type and size, version 5 only. */
  readonly descriptor: Uint8Array;
  readonly body: Uint8Array;
  /** Quote signature and attestation key. */
  readonly signature: Uint8Array;
  readonly outerType: number;
  /** QE report and its signature. */
  readonly qeReport: Uint8Array;
  readonly authentication: Uint8Array;
  readonly innerType: number;
  readonly certification: Uint8Array;
  readonly tail: Uint8Array;
}

function reader(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    u16: (at: number) => (at + 2 <= bytes.length ? view.getUint16(at, true) : 0),
    u32: (at: number) => (at + 4 <= bytes.length ? view.getUint32(at, true) : 0),
  };
}

/** Offsets of everything whose place depends on what stands before it. */
function places(bytes: Uint8Array) {
  const { u16, u32 } = reader(bytes);
  const bodyAt = u16(0) === 5 ? HEADER_BYTES + 6 : HEADER_BYTES;
  const bodySize = u16(0) === 5 ? Math.min(u32(HEADER_BYTES + 2), 4096) : TD_REPORT_10_BYTES;
  const sectionSizeAt = bodyAt + bodySize;
  const sectionAt = sectionSizeAt + 4;
  const outerAt = sectionAt + 134;
  const innerAt = outerAt + 450 + u16(outerAt + 448);
  return { bodyAt, sectionSizeAt, sectionAt, outerAt, innerAt, end: innerAt + 6 + u32(innerAt + 2) };
}

function takeApart(bytes: Uint8Array): QuoteParts {
  const { u16 } = reader(bytes);
  const { bodyAt, sectionSizeAt, sectionAt, outerAt, innerAt, end } = places(bytes);
  return {
    header: bytes.subarray(0, HEADER_BYTES),
    descriptor: bytes.subarray(HEADER_BYTES, bodyAt),
    body: bytes.subarray(bodyAt, sectionSizeAt),
    signature: bytes.subarray(sectionAt, sectionAt + 128),
    outerType: u16(sectionAt + 128),
    qeReport: bytes.subarray(outerAt, outerAt + 448),
    authentication: bytes.subarray(outerAt + 450, innerAt),
    innerType: u16(innerAt),
    certification: bytes.subarray(innerAt + 6, end),
    tail: bytes.subarray(end),
  };
}

/** Writes a quote with lengths that are all right. */
function putTogether(parts: QuoteParts): Uint8Array {
  const outer = concatBytes(
    parts.qeReport,
    u16le(parts.authentication.length),
    parts.authentication,
    u16le(parts.innerType),
    u32le(parts.certification.length),
    parts.certification,
  );
  const section = concatBytes(parts.signature, u16le(parts.outerType), u32le(outer.length), outer);
  return concatBytes(parts.header, parts.descriptor, parts.body, u32le(section.length), section, parts.tail);
}

function integerFields(bytes: Uint8Array): readonly IntegerField[] {
  const { sectionSizeAt, sectionAt, outerAt, innerAt } = places(bytes);
  return [
    { offset: 0, size: 2 },
    { offset: 2, size: 2 },
    { offset: 4, size: 4 },
    { offset: HEADER_BYTES, size: 2 },
    { offset: HEADER_BYTES + 2, size: 4 },
    { offset: sectionSizeAt, size: 4 },
    { offset: sectionAt + 128, size: 2 },
    { offset: sectionAt + 130, size: 4 },
    { offset: outerAt + 448, size: 2 },
    { offset: innerAt, size: 2 },
    { offset: innerAt + 2, size: 4 },
  ];
}

/** A value near the true one, near what remains, or at an edge of the type. */
function lengthEdit(bytes: Uint8Array, { offset, size }: IntegerField, draw: Draw): number {
  const { u16, u32 } = reader(bytes);
  const actual = size === 2 ? u16(offset) : u32(offset);
  const remaining = bytes.length - offset - size;
  return (
    draw.pick([actual - 1, actual + 1, remaining, remaining - 1, remaining + 1, draw.pick(EDGE_NUMBERS) ?? 0]) ?? 0
  );
}

function rebuilt(
  name: string,
  change: (parts: QuoteParts, draw: Draw, other: QuoteParts) => Partial<QuoteParts>,
): Mutator {
  return {
    name,
    apply: (input, draw, other) => {
      const parts = takeApart(input);
      return putTogether({ ...parts, ...change(parts, draw, takeApart(other)) });
    },
  };
}

/** A length for a part of free size. */
function anyLength(draw: Draw): number {
  return draw.pick([0, 1, 31, 32, 33, 255, 256, 4096, 65_535, draw.below(2048)]) ?? 0;
}

const REPORT_FIELDS = [...layOut(HEADER_FIELDS, 0), ...layOut(TD_REPORT_10_FIELDS, HEADER_BYTES)];

/** Changes that know where the parts and lengths of a quote are. */
export const QUOTE_MUTATORS: readonly Mutator[] = [
  {
    name: "edit a length, count or type",
    apply: (input, draw) => {
      const field = draw.pick(integerFields(input)) ?? { offset: 0, size: 2 };
      return writeInteger(input, field.offset, field.size, lengthEdit(input, field, draw));
    },
  },
  {
    name: "randomise a field of header or report",
    apply: (input, draw) => {
      const field = draw.pick(REPORT_FIELDS) ?? { offset: 0, size: 2 };
      const copy = input.slice();
      if (field.offset + field.size <= copy.length) copy.set(draw.bytes(field.size), field.offset);
      return copy;
    },
  },
  {
    name: "cut at a boundary",
    apply: (input, draw) => {
      const { bodyAt, sectionSizeAt, sectionAt, outerAt, innerAt, end } = places(input);
      const boundary = draw.pick([
        HEADER_BYTES,
        bodyAt,
        sectionSizeAt,
        sectionAt,
        outerAt,
        outerAt + 450,
        innerAt,
        end,
      ]);
      return input.slice(0, Math.max(0, (boundary ?? 0) + draw.below(7) - 3));
    },
  },
  {
    name: "append",
    apply: (input, draw) =>
      concatBytes(input, draw.oneIn(2) ? new Uint8Array(anyLength(draw)) : draw.bytes(1 + draw.below(64))),
  },
  rebuilt("resize the authentication data", (_, draw) => ({ authentication: draw.bytes(anyLength(draw)) })),
  rebuilt("replace the certification data", (parts, draw, other) => ({
    innerType: draw.below(8),
    certification:
      draw.pick([parts.certification, other.certification, draw.bytes(anyLength(draw))]) ?? parts.certification,
  })),
  rebuilt("change the chain", ({ certification }, draw, other) => ({
    certification: draw.pick(PEM_MUTATORS)?.apply(certification, draw, other.certification) ?? certification,
  })),
  rebuilt("take parts of another quote", (_, draw, other) => ({
    ...(draw.oneIn(2) ? { body: other.body, descriptor: other.descriptor, header: other.header } : {}),
    ...(draw.oneIn(2) ? { body: other.body } : {}),
    ...(draw.oneIn(2) ? { qeReport: other.qeReport, signature: other.signature } : {}),
  })),
  rebuilt("change version and body type", ({ header, body }, draw) => {
    const version = draw.pick([3, 4, 5, 6]) ?? 4;
    const type = draw.pick([1, 2, 3, 4]) ?? 2;
    const size = draw.pick([384, 584, 648, body.length]) ?? 584;
    const resized = new Uint8Array(draw.oneIn(4) ? body.length : size);
    resized.set(body.subarray(0, resized.length));
    return {
      header: writeInteger(header, 0, 2, version),
      descriptor: version === 5 ? concatBytes(u16le(type), u32le(size)) : new Uint8Array(),
      body: resized,
    };
  }),
];
