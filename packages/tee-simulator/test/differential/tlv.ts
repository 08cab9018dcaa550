/** One tag-length-value of a BER encoding, by its places in the bytes. */
export interface Tlv {
  readonly tag: number;
  readonly start: number;
  readonly contentStart: number;
  readonly end: number;
}

/**
 * Reads the value at a place: lengths of up to four octets in any form, one-octet tags. A second reader on purpose, which forgives
 * what the strict one refuses: an indefinite length is taken to reach to two zero octets at the limit. Null for anything else.
 */
export function tlvAt(bytes: Uint8Array, start: number, limit: number = bytes.length): Tlv | null {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) return null;
  if (first === 0x80) return start + 4 > limit ? null : { tag, start, contentStart: start + 2, end: limit - 2 };
  const extra = first < 0x80 ? 0 : first & 0x7f;
  const contentStart = start + 2 + extra;
  if (extra > 4 || contentStart > limit) return null;
  let length = extra === 0 ? first : 0;
  for (let at = start + 2; at < contentStart; at += 1) length = length * 256 + (bytes[at] ?? 0);
  return length > limit - contentStart ? null : { tag, start, contentStart, end: contentStart + length };
}

/** The values inside a value; null unless they fill it. */
export function tlvsIn(bytes: Uint8Array, { contentStart, end }: Tlv): readonly Tlv[] | null {
  const parts: Tlv[] = [];
  for (let at = contentStart; at < end;) {
    const part = tlvAt(bytes, at, end);
    if (part === null) return null;
    parts.push(part);
    at = part.end;
  }
  return parts;
}

/** The content octets of a value. */
export function contentOf(bytes: Uint8Array, { contentStart, end }: Tlv): Uint8Array {
  return bytes.subarray(contentStart, end);
}

/** The octets of a value as one unsigned number: that of an INTEGER or ENUMERATED that is not negative. */
export function octetsAsNumber(bytes: Uint8Array, tlv: Tlv): number {
  return contentOf(bytes, tlv).reduce((value, byte) => value * 256 + byte, 0);
}

/** Whether an INTEGER is negative. */
export function isNegative(bytes: Uint8Array, { contentStart }: Tlv): boolean {
  return ((bytes[contentStart] ?? 0) & 0x80) !== 0;
}

/** The dotted form of an OBJECT IDENTIFIER. */
export function oidOf(bytes: Uint8Array, tlv: Tlv): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of contentOf(bytes, tlv)) {
    arc = arc * 128 + (byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first = 0, ...rest] = arcs;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - 40 * root, ...rest].join(".");
}

function isMinimalLength(bytes: Uint8Array, { start, contentStart, end }: Tlv): boolean {
  if (bytes[start + 1] === 0x80) return false;
  const extra = contentStart - start - 2;
  const length = end - contentStart;
  if (length < 0x80) return extra === 0;
  return extra === Math.ceil(length.toString(16).length / 2) && bytes[start + 2] !== 0;
}

function isMinimalInteger(content: Uint8Array): boolean {
  const [first, second] = content;
  if (first === undefined) return false;
  if (second === undefined) return true;
  return !(first === 0 && second < 0x80) && !(first === 0xff && second >= 0x80);
}

/** An OID's arcs have no leading zero digits, and the last one is complete. */
function isMinimalOid(content: Uint8Array): boolean {
  if (content.length === 0 || ((content.at(-1) ?? 0) & 0x80) !== 0) return false;
  return content.every((byte, index) => byte !== 0x80 || ((content[index - 1] ?? 0) & 0x80) !== 0);
}

/** A count of unused bits that fits, and these bits zero. */
function isCanonicalBitString(content: Uint8Array): boolean {
  const [unused = 8] = content;
  const last = content.at(-1) ?? 0;
  return unused <= (content.length > 1 ? 7 : 0) && (last & ((1 << unused) - 1)) === 0;
}

const CONSTRUCTED_TYPES: ReadonlySet<number> = new Set([0x10, 0x11]);

/** Whether a universal type has the form that it must have: SEQUENCE and SET constructed, all others primitive. */
function hasRightForm(tag: number): boolean {
  if (tag >= 0x40) return true;
  return tag !== 0 && ((tag & 0x20) !== 0) === CONSTRUCTED_TYPES.has(tag & 0x1f);
}

function isCanonicalPrimitive(tag: number, content: Uint8Array): boolean {
  switch (tag) {
    case 0x01:
      return content.length === 1 && (content[0] === 0 || content[0] === 0xff);
    case 0x02:
    case 0x0a:
      return isMinimalInteger(content);
    case 0x03:
      return isCanonicalBitString(content);
    case 0x05:
      return content.length === 0;
    case 0x06:
      return isMinimalOid(content);
    default:
      return true;
  }
}

/** Whether everything in a value, and in the OCTET STRINGs that hold encodings, has its one canonical encoding (X.690, section 10). */
export function isCanonical(bytes: Uint8Array, tlv: Tlv): boolean {
  if (!isMinimalLength(bytes, tlv) || !hasRightForm(tlv.tag)) return false;
  const content = contentOf(bytes, tlv);
  if ((tlv.tag & 0x20) !== 0) return tlvsIn(bytes, tlv)?.every((part) => isCanonical(bytes, part)) === true;
  const wrapped = tlv.tag === 0x04 ? tlvAt(content, 0) : null;
  if (wrapped?.end === content.length && wrapped.tag === 0x30 && !isCanonical(content, wrapped)) return false;
  return isCanonicalPrimitive(tlv.tag, content);
}

/** Whether bytes are one canonically encoded value from end to end. */
export function isCanonicalDocument(bytes: Uint8Array): boolean {
  const document = tlvAt(bytes, 0);
  return document?.end === bytes.length && isCanonical(bytes, document);
}
