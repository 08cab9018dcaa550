import { parseBase64 } from "@mero-tee/tdx-quote/base64";

/**
 * Reads base64url without padding in its one canonical spelling.
 *
 * @returns null when the text is anything else
 * Source: RFC 4648, section 5; RFC 7515, section 2.
 */
export function parseBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return null;
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return parseBase64(standard.padEnd(4 * Math.ceil(standard.length / 4), "="));
}
