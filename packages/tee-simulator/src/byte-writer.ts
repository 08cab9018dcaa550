/** Joins byte strings in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** An unsigned 16-bit integer in little-endian order, as quotes and event logs write it. */
export function u16le(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(2);
  new DataView(bytes.buffer).setUint16(0, value, true);
  return bytes;
}

/** An unsigned 32-bit integer in little-endian order, as quotes and event logs write it. */
export function u32le(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** The UTF-8 encoding of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A copy with one bit changed: the smallest change that a signature must notice. */
export function flipBit(bytes: Uint8Array, offset: number, bit = 0): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(bytes);
  const before = changed[offset];
  if (before === undefined) throw new RangeError(`offset ${offset} lies outside ${bytes.length} bytes`);
  changed[offset] = before ^ (1 << bit);
  return changed;
}
