import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";

/** SHA-256 of bytes as 64 lower-case hex digits, at once: for browsers and every other run time. Source: FIPS 180-4. */
export function sha256Hex(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}
