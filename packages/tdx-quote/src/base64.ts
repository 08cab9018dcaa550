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
  const digits = text.length - padding;
  const bytes = new Uint8Array(Math.floor((digits * 6) / 8));
  let pending = 0;
  let pendingBits = 0;
  let length = 0;
  for (let index = 0; index < digits; index += 1) {
    const digit = digitValue(text.charCodeAt(index));
    if (digit < 0) return null;
    pending = ((pending << 6) | digit) & 0xfff;
    pendingBits += 6;
    if (pendingBits >= 8) {
      pendingBits -= 8;
      bytes[length] = pending >> pendingBits;
      length += 1;
    }
  }
  return (pending & ((1 << pendingBits) - 1)) === 0 ? bytes : null;
}

/** The value of a base64 digit given as a UTF-16 code unit; -1 when it is none. */
function digitValue(code: number): number {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52;
  if (code === 0x2b) return 62;
  return code === 0x2f ? 63 : -1;
}
