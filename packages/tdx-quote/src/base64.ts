import { base64Of, bytesOfBase64 } from "#byte-spelling";

/** Spells bytes as base64 of the standard alphabet with padding. Source: RFC 4648, section 4. */
export function toBase64(bytes: Uint8Array): string {
  return base64Of(bytes);
}

/**
 * Reads base64 in its one canonical spelling: standard alphabet, padding present, unused bits zero, no whitespace.
 * Two spellings of the same bytes would let one document pass for two.
 *
 * @returns a fresh copy; null when the text is anything else
 * Source: RFC 4648, sections 3.2, 3.5 and 4.
 */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> | null {
  return bytesOfBase64(text);
}
