import { concatBytes } from "../../src/byte-writer.ts";

/** A DER value that can be changed, also into one that is no DER; its byte arrays are only ever replaced. */
export interface Tlv {
  tag: number;
  /** Bytes before the children: the count of unused bits of a BIT STRING that wraps a value. */
  prefix: Uint8Array;
  /** Values inside, or the content where there are none to be seen. */
  content: Uint8Array | Tlv[];
  /** Replaces the length octets, which are otherwise right and minimal. */
  lengthOctets?: Uint8Array;
}

const MAX_DEPTH = 40;
const OCTET_STRING = 0x04;
const BIT_STRING = 0x03;

/** Reads the value at the start of the bytes, leniently; null when there is none. Values inside strings are opened too. */
export function decodeTlv(bytes: Uint8Array): Tlv | null {
  return readTlv(bytes, 0, bytes.length, 0)?.tlv ?? null;
}

function readTlv(bytes: Uint8Array, at: number, end: number, depth: number): { tlv: Tlv; end: number } | null {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined || at + 2 > end || depth > MAX_DEPTH) return null;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const octets = first - 0x80;
    if (octets < 1 || octets > 4 || start + octets > end) return null;
    length = bytes.subarray(start, start + octets).reduce((sum, byte) => sum * 256 + byte, 0);
    start += octets;
  }
  const stop = start + length;
  if (stop > end) return null;
  const spelled = bytes.subarray(at + 1, start);
  const isMinimal = Buffer.compare(spelled, minimalLength(length)) === 0;
  const lengthOctets = isMinimal ? {} : { lengthOctets: spelled };
  return { tlv: { tag, ...readContent(bytes, tag, start, stop, depth), ...lengthOctets }, end: stop };
}

function readContent(
  bytes: Uint8Array,
  tag: number,
  start: number,
  end: number,
  depth: number,
): Pick<Tlv, "prefix" | "content"> {
  const prefixBytes = tag === BIT_STRING ? 1 : 0;
  const isOpen = (tag & 0x20) !== 0 || tag === OCTET_STRING || (tag === BIT_STRING && bytes[start] === 0);
  const children = isOpen && end > start + prefixBytes ? readList(bytes, start + prefixBytes, end, depth + 1) : null;
  return children === null
    ? { prefix: new Uint8Array(), content: bytes.subarray(start, end) }
    : { prefix: bytes.subarray(start, start + prefixBytes), content: children };
}

function readList(bytes: Uint8Array, start: number, end: number, depth: number): Tlv[] | null {
  const list: Tlv[] = [];
  for (let at = start; at < end;) {
    const next = readTlv(bytes, at, end, depth);
    if (next === null) return null;
    list.push(next.tlv);
    at = next.end;
  }
  return list;
}

/** Writes a value. */
export function encodeTlv(tlv: Tlv): Uint8Array {
  const inner = Array.isArray(tlv.content) ? concatBytes(...tlv.content.map(encodeTlv)) : tlv.content;
  const content = tlv.prefix.length === 0 ? inner : concatBytes(tlv.prefix, inner);
  return concatBytes(Uint8Array.of(tlv.tag), tlv.lengthOctets ?? minimalLength(content.length), content);
}

/** The one DER spelling of a length. */
export function minimalLength(length: number): Uint8Array {
  return length < 0x80 ? Uint8Array.of(length) : longLength(length, length < 0x100 ? 1 : length < 0x1_0000 ? 2 : 3);
}

/** A length in that many octets after the first. */
export function longLength(length: number, octets: number): Uint8Array {
  const digits = Array.from({ length: octets }, (_, index) => Math.floor(length / 256 ** (octets - 1 - index)) % 256);
  return Uint8Array.of(0x80 + octets, ...digits);
}

/** A value with the list it stands in; the outermost stands in none. */
export interface TlvPlace {
  readonly tlv: Tlv;
  readonly siblings: Tlv[] | null;
  readonly index: number;
}

/** All values of a tree, from the outermost in document order. */
export function allPlaces(root: Tlv): readonly TlvPlace[] {
  const places: TlvPlace[] = [{ tlv: root, siblings: null, index: 0 }];
  // Grows while it is walked.
  for (const { tlv } of places) {
    const { content } = tlv;
    if (Array.isArray(content))
      content.forEach((child, index) => places.push({ tlv: child, siblings: content, index }));
  }
  return places;
}

/** The values inside one; none in a value that holds no others. */
export function childrenOf(tlv: Tlv | null | undefined): readonly Tlv[] {
  return Array.isArray(tlv?.content) ? tlv.content : [];
}

/** A copy whose changes do not reach the original. */
export function cloneTlv(tlv: Tlv): Tlv {
  return {
    ...tlv,
    content: Array.isArray(tlv.content) ? tlv.content.map(cloneTlv) : tlv.content,
  };
}
