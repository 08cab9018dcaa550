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
  // Every digit's value or 16; one of the latter shows in the end.
  let seen = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    const high = digitValue(text.charCodeAt(2 * index));
    const low = digitValue(text.charCodeAt(2 * index + 1));
    seen |= high | low;
    bytes[index] = (high << 4) | low;
  }
  return seen < NO_DIGIT ? bytes : null;
}

/** The character of a value below 16. Without a branch: what comes next in random bytes, a processor guesses wrong. */
function digitCode(value: number): number {
  return 0x30 + value + 0x27 * ((value + 6) >> 4);
}

const NO_DIGIT = 16;
/** Values of the digits of either case by UTF-16 code unit. */
const DIGIT_VALUES = new Uint8Array(128).fill(NO_DIGIT);
for (let value = 0; value < 16; value += 1) {
  const digit = value.toString(16);
  DIGIT_VALUES[digit.charCodeAt(0)] = value;
  DIGIT_VALUES[digit.toUpperCase().charCodeAt(0)] = value;
}

function digitValue(code: number): number {
  return DIGIT_VALUES[code] ?? NO_DIGIT;
}
