import { parseHex } from "@mero-tee/tdx-quote/hex";

/** Length of a challenge id in bytes. */
export const CHALLENGE_ID_BYTES = 16;

/**
 * Reads a challenge id as a KMS issues it: 32 hex digits of either case. `AB` and `ab` are one challenge, so whatever is
 * kept about it is kept under its bytes; the signed payload repeats the text as sent.
 *
 * @returns 16 bytes, or null for any other text
 * Source: docs/protocol.md.
 */
export function parseChallengeId(text: string): Uint8Array<ArrayBuffer> | null {
  return parseHex(text, CHALLENGE_ID_BYTES);
}
