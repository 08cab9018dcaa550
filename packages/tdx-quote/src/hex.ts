const ASCII = new TextDecoder();

/** Spells bytes as lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  // One string at the end: joining digits one by one makes garbage of many times their size.
  const digits = new Uint8Array(2 * bytes.length);
  let at = 0;
  for (const byte of bytes) {
    digits[at] = digitCode(byte >> 4);
    digits[at + 1] = digitCode(byte & 15);
    at += 2;
  }
  return ASCII.decode(digits);
}

/**
 * Reads hex of either case; nothing but digits, so neither `0x` nor whitespace.
 *
 * @param byteLength - the only length accepted, in bytes; any even number of digits when absent
 * @returns a fresh copy; null when the text is not such hex
 */
export function parseHex(text: string, byteLength?: number): Uint8Array<ArrayBuffer> | null {
  if (text.length % 2 !== 0) return null;
  if (byteLength !== undefined && text.length !== 2 * byteLength) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = nibble(text.charCodeAt(2 * index));
    const low = nibble(text.charCodeAt(2 * index + 1));
    if (high < 0 || low < 0) return null;
    bytes[index] = (high << 4) | low;
  }
  return bytes;
}

/** The character of a value below 16. */
function digitCode(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value;
}

/** The value of a hex digit given as a UTF-16 code unit; -1 when it is none. */
function nibble(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
