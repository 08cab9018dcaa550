import { hash } from "node:crypto";

/**
 * SHA-256 by OpenSSL, which for a quote takes an eighth of the time that JavaScript does. Node only; the `#sha256` import picks it there.
 */
export function sha256Hex(bytes: Uint8Array): string {
  return hash("sha256", bytes);
}
