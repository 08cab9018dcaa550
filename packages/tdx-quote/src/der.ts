import { err, ok, type Result } from "./result.ts";

/** Why bytes are not one DER value, and where (in bytes). */
export interface DerError {
  readonly reason: string;
  readonly offset: number;
}

/** Identifier octets of the types that this project reads. Source: ITU-T X.680, table 1; X.690, section 8.1.2. */
export const DER_TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  sequence: 0x30,
  set: 0x31,
} as const;

const DEFAULT_MAX_DEPTH = 16;
const CONSTRUCTED = 0x20;
const FIRST_CLASS_BEYOND_UNIVERSAL = 0x40;
/** An arc of an OID this large could lose its last bits in a double, and two OIDs become one. */
const MAX_ARC = 2 ** 45;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * One value (tag, length, content) of a document that was strict DER from end to end. A view of the parsed bytes, which
 * must not change; its parts are made when asked for, so that a list of 100,000 entries costs nothing before it is walked.
 */
class DerNode {
  /** Identifier octet: class, constructed bit and number of the tag. */
  readonly tag: number;
  /** Where the value starts in the document, in bytes. */
  readonly offset: number;
  /** Length of tag and length octets, in bytes. */
  readonly header: number;
  readonly #document: DataView;
  readonly #end: number;
  #children: readonly DerNode[] | undefined;

  constructor(document: DataView, offset: number) {
    this.tag = document.getUint8(offset);
    this.offset = offset;
    this.header = headerLength(document, offset);
    this.#document = document;
    this.#end = offset + this.header + contentLength(document, offset);
  }

  /** The content octets. */
  get content(): Uint8Array {
    return this.#slice(this.offset + this.header);
  }

  /** How many content octets there are. */
  get length(): number {
    return this.#end - this.offset - this.header;
  }

  /** One content octet, without a view of all of them; `index` below {@link length}. */
  octet(index: number): number {
    return this.#document.getUint8(this.offset + this.header + index);
  }

  /** The whole value with its tag and length, as it was signed. */
  get bytes(): Uint8Array {
    return this.#slice(this.offset);
  }

  /** The values inside a constructed value; undefined for a primitive one. */
  get children(): readonly DerNode[] | undefined {
    if ((this.tag & CONSTRUCTED) === 0) return undefined;
    this.#children ??= this.#first(Infinity);
    return this.#children;
  }

  /** The values inside a constructed value, one at a time: for lists whose length an attacker chooses. */
  *elements(): Generator<DerNode, void, undefined> {
    let at = (this.tag & CONSTRUCTED) === 0 ? this.#end : this.offset + this.header;
    while (at < this.#end) {
      const node = new DerNode(this.#document, at);
      yield node;
      at = node.#end;
    }
  }

  /** The values inside a constructed value; null when they are more than `maxLength`. */
  parts(maxLength: number): readonly DerNode[] | null {
    const parts = this.#first(maxLength + 1);
    return parts.length > maxLength ? null : parts;
  }

  /** The values inside a constructed value, `limit` of them at most. */
  #first(limit: number): readonly DerNode[] {
    const start = (this.tag & CONSTRUCTED) === 0 ? this.#end : this.offset + this.header;
    let count = 0;
    for (let at = start; at < this.#end && count < limit; count += 1) at = valueEnd(this.#document, at);
    // Most lists have two or three members, and an array that grows begins with room for 17.
    const parts = Array<DerNode>(count);
    let at = start;
    for (let index = 0; index < count; index += 1) {
      const node = new DerNode(this.#document, at);
      parts[index] = node;
      at = node.#end;
    }
    return parts;
  }

  #slice(start: number): Uint8Array {
    const { buffer, byteOffset } = this.#document;
    return new Uint8Array(buffer, byteOffset + start, this.#end - start);
  }
}

export type { DerNode };

/**
 * Reads exactly one DER value and everything in it: definite lengths in the fewest bytes, tag numbers below 31, bounded
 * nesting, nothing left over at any level; BOOLEAN, INTEGER, ENUMERATED, BIT STRING, NULL and OBJECT IDENTIFIER in their
 * one DER form; SEQUENCE and SET constructed, every other universal type primitive. One form for each value means that
 * no two readers can see two things in the same signed bytes.
 *
 * Contents of OCTET STRINGs and of context-specific primitive values are not looked into.
 * Time is linear in the length; nothing is allocated before the whole value has passed.
 *
 * @param maxDepth - deepest nesting; each level is a call on the stack
 * Source: ITU-T X.690 (2021), sections 8, 10 and 11.
 */
export function parseDer(bytes: Uint8Array, maxDepth: number = DEFAULT_MAX_DEPTH): Result<DerNode, DerError> {
  const document = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const problem = headerProblem(document, 0, bytes.length);
  if (problem !== null) return err({ reason: problem, offset: 0 });
  const end = valueEnd(document, 0);
  if (end !== bytes.length) return err({ reason: "trailing bytes", offset: end });
  const error = findProblem(document, 0, end, maxDepth);
  return error === null ? ok(new DerNode(document, 0)) : err(error);
}

/** The first problem among the values that fill `start`..`end` and may be nested in `levels` levels, in document order. */
function findProblem(document: DataView, start: number, end: number, levels: number): DerError | null {
  let at = start;
  while (at < end) {
    if (levels === 0) return { reason: "nested too deeply", offset: at };
    const reason = headerProblem(document, at, end);
    if (reason !== null) return { reason, offset: at };
    const content = at + headerLength(document, at);
    const next = valueEnd(document, at);
    const tag = document.getUint8(at);
    const problem = tag < FIRST_CLASS_BEYOND_UNIVERSAL ? universalProblem(document, tag, content, next) : null;
    if (problem !== null) return { reason: problem, offset: at };
    if ((tag & CONSTRUCTED) !== 0) {
      const inner = findProblem(document, content, next, levels - 1);
      if (inner !== null) return inner;
    }
    at = next;
  }
  return null;
}

/** What is wrong with the tag and length at `at`, in a value that ends at `end`. */
function headerProblem(document: DataView, at: number, end: number): string | null {
  const available = end - at;
  if (available < 2) return "cut short";
  if ((document.getUint8(at) & 0x1f) === 0x1f) return "tag number above 30";
  const first = document.getUint8(at + 1);
  const lengthOctets = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80) return "indefinite length";
  if (lengthOctets > 4) return "length of more than four bytes";
  if (available - 2 < lengthOctets) return "cut short";
  const length = contentLength(document, at);
  if (lengthOctets !== fewestLengthOctets(length)) return "non-minimal length";
  return length > available - 2 - lengthOctets ? "runs past its end" : null;
}

/** The length that the octets after the tag at `at` spell. */
function contentLength(document: DataView, at: number): number {
  const first = document.getUint8(at + 1);
  if (first < 0x80) return first;
  let length = 0;
  for (let index = 0; index < first - 0x80; index += 1) length = length * 256 + document.getUint8(at + 2 + index);
  return length;
}

/** Octets after the first one of a length, in its one spelling. */
function fewestLengthOctets(length: number): number {
  if (length < 0x80) return 0;
  if (length < 0x100) return 1;
  if (length < 0x1_0000) return 2;
  return length < 0x100_0000 ? 3 : 4;
}

/** Length of the tag and length octets at `at`. */
function headerLength(document: DataView, at: number): number {
  const first = document.getUint8(at + 1);
  return first < 0x80 ? 2 : 2 + first - 0x80;
}

/** Where the value at `at` ends. */
function valueEnd(document: DataView, at: number): number {
  return at + headerLength(document, at) + contentLength(document, at);
}

/** What is wrong with the content, `start`..`end`, of a value of a universal type. */
function universalProblem(document: DataView, tag: number, start: number, end: number): string | null {
  const length = end - start;
  switch (tag) {
    case DER_TAG.sequence:
    case DER_TAG.set:
      return null;
    case DER_TAG.boolean:
      return length === 1 && (document.getUint8(start) === 0 || document.getUint8(start) === 0xff)
        ? null
        : "BOOLEAN other than 00 or FF";
    case DER_TAG.integer:
    case DER_TAG.enumerated:
      if (length === 0) return "empty INTEGER";
      return length > 1 && document.getUint8(start) === (document.getUint8(start + 1) < 0x80 ? 0 : 0xff)
        ? "non-minimal INTEGER"
        : null;
    case DER_TAG.bitString:
      return bitStringProblem(document, start, end);
    case DER_TAG.null:
      return length === 0 ? null : "NULL with content";
    case DER_TAG.oid:
      return oidProblem(document, start, end);
    default:
      return (tag & CONSTRUCTED) === 0 && tag !== 0x00 && tag !== 0x10 && tag !== 0x11
        ? null
        : "wrong form of its type";
  }
}

/** The first octet counts the bits of the last one that are no part of the value. */
function bitStringProblem(document: DataView, start: number, end: number): string | null {
  const most = end - start === 1 ? 0 : 7;
  if (start === end || document.getUint8(start) > most) return "BIT STRING with a wrong count of unused bits";
  const unused = (1 << document.getUint8(start)) - 1;
  return (document.getUint8(end - 1) & unused) === 0 ? null : "BIT STRING with unused bits set";
}

/** An arc ends with a byte below 80, and does not begin with 80, which would be a leading zero. */
function oidProblem(document: DataView, start: number, end: number): string | null {
  if (start === end) return "empty OBJECT IDENTIFIER";
  let startsArc = true;
  for (let at = start; at < end; at += 1) {
    const octet = document.getUint8(at);
    if (startsArc && octet === 0x80) return "non-minimal OBJECT IDENTIFIER";
    startsArc = octet < 0x80;
  }
  return startsArc ? null : "OBJECT IDENTIFIER cut short";
}

/**
 * The values inside a SEQUENCE or a SET; null for anything else, also for nothing at all, and for more than `maxLength`
 * values: a structure with named fields is never long, so a long one need not be built to be refused.
 */
export function derParts(
  node: DerNode | undefined,
  tag: typeof DER_TAG.sequence | typeof DER_TAG.set,
  maxLength = 64,
): readonly DerNode[] | null {
  return node?.tag === tag ? node.parts(maxLength) : null;
}

/** An OBJECT IDENTIFIER in dotted form; null for anything else, and for arcs of 2^45 or more. */
export function derOid(node: DerNode | undefined): string | null {
  if (node?.tag !== DER_TAG.oid) return null;
  let dotted = "";
  let arc = 0;
  for (let index = 0; index < node.length; index += 1) {
    if (arc >= MAX_ARC) return null;
    const byte = node.octet(index);
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    // The first number holds two arcs; the first of them is 0, 1 or 2. Source: X.690, section 8.19.4.
    const root = Math.min(2, Math.floor(arc / 40));
    dotted += dotted === "" ? `${root}.${arc - 40 * root}` : `.${arc}`;
    arc = 0;
  }
  return dotted;
}

/** The magnitude of a non-negative INTEGER, big-endian in the fewest bytes, without a sign byte of zero; null for anything else. */
export function derUnsignedBytes(node: DerNode | undefined): Uint8Array | null {
  if (node?.tag !== DER_TAG.integer) return null;
  const { content } = node;
  const [first] = content;
  if (first === undefined || first >= 0x80) return null;
  return first === 0 && content.length > 1 ? content.subarray(1) : content;
}

/** A non-negative INTEGER up to `max` (at most 2^48 - 1) as a number; null for anything else. */
export function derUnsigned(node: DerNode | undefined, max: number): number | null {
  // A sign byte of zero may come before the six.
  if (node?.tag !== DER_TAG.integer || node.length > 7 || node.octet(0) >= 0x80) return null;
  let value = 0;
  for (let index = 0; index < node.length; index += 1) value = value * 256 + node.octet(index);
  return value <= max ? value : null;
}

/** The value of an ENUMERATED of 0..127; null for anything else. */
export function derEnumerated(node: DerNode | undefined): number | null {
  if (node?.tag !== DER_TAG.enumerated || node.length !== 1) return null;
  const value = node.octet(0);
  return value < 0x80 ? value : null;
}

/** A BOOLEAN; null for anything else. */
export function derBoolean(node: DerNode | undefined): boolean | null {
  return node?.tag === DER_TAG.boolean ? node.octet(0) === 0xff : null;
}

/** The content of an OCTET STRING, of exactly `byteLength` bytes where given; null for anything else. */
export function derOctetString(node: DerNode | undefined, byteLength?: number): Uint8Array | null {
  if (node?.tag !== DER_TAG.octetString) return null;
  const { content } = node;
  return byteLength === undefined || content.length === byteLength ? content : null;
}

/** The bytes of a BIT STRING that is made of whole bytes; null for anything else. */
export function derBitStringBytes(node: DerNode | undefined): Uint8Array | null {
  if (node?.tag !== DER_TAG.bitString) return null;
  const { content } = node;
  return content[0] === 0 ? content.subarray(1) : null;
}

/** The characters of a PrintableString, by octet. Source: ITU-T X.680, table 10. */
const IS_PRINTABLE: readonly boolean[] = Array.from({ length: 0x100 }, (_, octet) =>
  /[A-Za-z0-9 '()+,\-./:=?]/.test(String.fromCharCode(octet)),
);

/** Whether a value is a UTF8String or a PrintableString of the characters that it may have. */
export function isDerText(node: DerNode | undefined): boolean {
  if (node?.tag !== DER_TAG.utf8String && node?.tag !== DER_TAG.printableString) return false;
  const isUtf8 = node.tag === DER_TAG.utf8String;
  for (let index = 0; index < node.length; index += 1) {
    const octet = node.octet(index);
    if (isUtf8 ? octet < 0x80 : IS_PRINTABLE[octet] === true) continue;
    return isUtf8 && decodedText(node.content) !== null;
  }
  return true;
}

/**
 * The text of a UTF8String or a PrintableString; null for anything else, also for invalid UTF-8 and for characters that a
 * PrintableString does not have.
 */
export function derText(node: DerNode | undefined): string | null {
  return node !== undefined && isDerText(node) ? decodedText(node.content) : null;
}

/** The content as UTF-8; null where it is none. */
function decodedText(content: Uint8Array): string | null {
  try {
    return UTF8.decode(content);
  } catch {
    // The decoder says nothing but "not UTF-8".
    return null;
  }
}
