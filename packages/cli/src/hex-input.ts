import { parseHex } from "@mero-tee/tdx-quote/hex";

/**
 * Reads hex as people paste it: upper or lower case, with or without `0x`.
 *
 * @returns the bytes, or null where it is not hex of that length
 */
export function parseTolerantHex(text: string, byteLength?: number): Uint8Array<ArrayBuffer> | null {
  return parseHex(/^0x/i.test(text) ? text.slice(2) : text, byteLength);
}
