const ASCII = new TextDecoder();
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Lower-case hex of bytes: for browsers and every other run time. */
export function hexOf(bytes: Uint8Array): string {
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

/** Base64 of bytes, standard alphabet with padding. */
export function base64Of(bytes: Uint8Array): string {
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

/** The bytes of canonical base64, as a fresh copy; null for any other text. */
export function bytesOfBase64(text: string): Uint8Array<ArrayBuffer> | null {
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

/** The character of a value below 16. Without a branch: what comes next in random bytes, a processor guesses wrong. */
function digitCode(value: number): number {
  return 0x30 + value + 0x27 * ((value + 6) >> 4);
}
