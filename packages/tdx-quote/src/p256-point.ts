import { toHex } from "./hex.ts";

/** The field prime and the constant of y² = x³ - 3x + b. Source: NIST SP 800-186, section 3.2.1.3. */
const P = 0xffffffff_00000001_00000000_00000000_00000000_ffffffff_ffffffff_ffffffffn;
const B = 0x5ac635d8_aa3a93e7_b3ebbd55_769886bc_651d06b0_cc53b0f6_3bce3c3e_27d2604bn;

/**
 * Whether bytes are `04 || x || y` with a point on P-256. The group has prime order, so every such point is a sound key.
 *
 * Judged here and not by WebCrypto because a parsed certificate should know at once whether its key is of use: the
 * equation costs microseconds, an import is asynchronous. No secret is involved, so the time may vary.
 * Source: SEC 1, sections 2.3.4 and 3.2.2.1.
 */
export function isP256Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 65 || bytes[0] !== 0x04) return false;
  const digits = toHex(bytes);
  const x = BigInt(`0x${digits.slice(2, 66)}`);
  const y = BigInt(`0x${digits.slice(66)}`);
  return x < P && y < P && (y * y - (x * x - 3n) * x - B) % P === 0n;
}
