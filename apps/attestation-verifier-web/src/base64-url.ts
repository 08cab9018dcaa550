import { toBase64 } from "@mero-tee/tdx-quote/base64";
import { parseHex } from "@mero-tee/tdx-quote/hex";

/** Bytes in hex as base64url without padding, as links carry them. */
export function toBase64Url(hex: string): string {
  const bytes = parseHex(hex) ?? new Uint8Array();
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
