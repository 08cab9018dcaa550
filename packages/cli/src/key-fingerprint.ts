import { createHash } from "node:crypto";

/** Digits of a fingerprint: enough to tell two keys apart, of no use to guess one. */
const FINGERPRINT_DIGITS = 16;

/** What is shown of a key instead of the key: the first 16 hex digits of its SHA-256. */
export function keyFingerprint(key: Uint8Array): string {
  return createHash("sha256").update(key).digest("hex").slice(0, FINGERPRINT_DIGITS);
}
