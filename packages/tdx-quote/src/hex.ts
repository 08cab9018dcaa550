import { hexOf } from "#byte-spelling";

/** Spells bytes as lower-case hex, two digits a byte. */
export function toHex(bytes: Uint8Array): string {
  return hexOf(bytes);
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
