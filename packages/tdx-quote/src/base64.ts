const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Spells bytes as base64 of the standard alphabet with padding. Source: RFC 4648, section 4. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  let pending = 0;
  let pendingBits = 0;
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xffff;
    pendingBits += 8;
    while (pendingBits >= 6) {
      pendingBits -= 6;
      text += ALPHABET.charAt((pending >> pendingBits) & 63);
    }
  }
  if (pendingBits > 0) text += ALPHABET.charAt((pending << (6 - pendingBits)) & 63);
  return text.padEnd(4 * Math.ceil(bytes.length / 3), "=");
}

/**
 * Reads base64 in its one canonical spelling: standard alphabet, padding present, unused bits zero, no whitespace.
 * Two spellings of the same bytes would let one document pass for two.
 *
 * @returns a fresh copy; null when the text is anything else
 * Source: RFC 4648, sections 3.2, 3.5 and 4.
 */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 4 !== 0) return null;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  // Every digit's value or 64; one of the latter shows in the end.
  let seen = 0;
  let at = 0;
  const padded = padding === 0 ? text.length : text.length - 4;
  for (let index = 0; index < padded; index += 4) {
    const a = digitValue(text.charCodeAt(index));
    const b = digitValue(text.charCodeAt(index + 1));
    const c = digitValue(text.charCodeAt(index + 2));
    const d = digitValue(text.charCodeAt(index + 3));
    seen |= a | b | c | d;
    bytes[at] = (a << 2) | (b >> 4);
    bytes[at + 1] = (b << 4) | (c >> 2);
    bytes[at + 2] = (c << 6) | d;
    at += 3;
  }
  if (padding > 0) {
    const a = digitValue(text.charCodeAt(padded));
    const b = digitValue(text.charCodeAt(padded + 1));
    const c = padding === 2 ? 0 : digitValue(text.charCodeAt(padded + 2));
    seen |= a | b | c;
    // A typed array drops what is written past its end: the byte that the longer padding stands for.
    bytes[at] = (a << 2) | (b >> 4);
    bytes[at + 1] = (b << 4) | (c >> 2);
    // The bits that no byte takes must be zero.
    if (((padding === 2 ? b << 4 : c << 6) & 0xff) !== 0) return null;
  }
  return seen < NO_DIGIT ? bytes : null;
}

const NO_DIGIT = 64;
/** Values of the digits by UTF-16 code unit. */
const DIGIT_VALUES = new Uint8Array(128).fill(NO_DIGIT);
for (let value = 0; value < ALPHABET.length; value += 1) DIGIT_VALUES[ALPHABET.charCodeAt(value)] = value;

function digitValue(code: number): number {
  return DIGIT_VALUES[code] ?? NO_DIGIT;
}
