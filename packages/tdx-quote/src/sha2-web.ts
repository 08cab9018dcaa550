import { sha256 as nobleSha256, sha384 as nobleSha384 } from "@noble/hashes/sha2.js";
import { toHex } from "./hex.ts";

/**
 * SHA-256 over parts, one after the other: for browsers and every other run time, whose own code gives it asynchronously or not
 * at all. Source: FIPS 180-4, section 6.2.
 */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return digestOf(nobleSha256.create(), parts);
}

/** SHA-384, as {@link sha256}. Source: FIPS 180-4, section 6.5. */
export function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  return digestOf(nobleSha384.create(), parts);
}

/** {@link sha256} as 64 lower-case hex digits. */
export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return toHex(sha256(...parts));
}

/** {@link sha384} as 96 lower-case hex digits. */
export function sha384Hex(...parts: readonly Uint8Array[]): string {
  return toHex(sha384(...parts));
}

interface Hash {
  readonly update: (part: Uint8Array) => unknown;
  readonly digest: () => Uint8Array;
}

function digestOf(hash: Hash, parts: readonly Uint8Array[]): Uint8Array {
  for (const part of parts) hash.update(part);
  return hash.digest();
}
