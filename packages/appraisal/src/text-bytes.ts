import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";

/** Text has no control characters but white space; a raw quote always has a zero byte within its first two. */
export function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

/**
 * The bytes that a text of hex or base64 spells. White space may stand anywhere, hex may be in either case and carry `0x`;
 * nothing else is forgiven. Of text that is both, only the reading that begins like a quote counts: its version is a
 * 16-bit number below 256, so the second byte is zero.
 *
 * @returns null for every other text
 */
export function bytesOfText(text: string): Uint8Array<ArrayBuffer> | null {
  const dense = text.replaceAll(/\s+/g, "");
  const asHex = parseHex(dense.replace(/^0[xX]/, ""));
  const asBase64 = parseBase64(dense);
  if (asHex === null || asBase64 === null) return asHex ?? asBase64;
  return asBase64[1] === 0 && asHex[1] !== 0 ? asBase64 : asHex;
}
