/** Field prime of Curve25519, 2^255 − 19. Source: RFC 8032, section 5.1. */
const P = 2n ** 255n - 19n;

/** Curve constant d = −121665/121666 mod p. Source: RFC 8032, section 5.1. */
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;

/** y of one pair of the four points of order 8; the other pair has the negated value. */
const ORDER_EIGHT_Y = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;

/**
 * y of every point whose order divides the cofactor 8: order 1 and 2 (x = 0), 4 (y = 0) and 8. With such a key one
 * signature verifies for many messages.
 */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([1n, P - 1n, 0n, ORDER_EIGHT_Y, P - ORDER_EIGHT_Y]);

/** Length of an encoded point in bytes. Source: RFC 8032, section 5.1.2. */
export const ED25519_POINT_BYTES = 32;

/** Why 32 bytes are not an acceptable public key. */
export type Ed25519PointDefect = "non-canonical" | "off-curve" | "small-order";

/**
 * Judges an encoded Ed25519 public key; WebCrypto imports any 32 bytes without looking.
 *
 * Variable time: public keys are public. One modular power, a fraction of a millisecond.
 *
 * @param encoded - 32 bytes, little-endian y with the sign of x in the top bit
 * @returns the first defect, or null for a point of the curve that is not of small order
 * Source: RFC 8032, section 5.1.3 (decoding); "Taming the many EdDSAs" (small order, canonical form).
 */
export function ed25519PointDefect(encoded: Uint8Array): Ed25519PointDefect | null {
  let y = 0n;
  for (const byte of encoded.toReversed()) y = (y << 8n) | BigInt(byte);
  y &= 2n ** 255n - 1n;
  if (y >= P) return "non-canonical";
  if (SMALL_ORDER_Y.has(y)) return "small-order";
  const ySquared = (y * y) % P;
  const u = ySquared - 1n;
  const v = (D * ySquared + 1n) % P;
  // x² = u/v has a root exactly if u·v is a square; neither is zero here, so Euler's criterion gives 1 or −1.
  return eulerPower((u * v) % P) === 1n ? null : "off-curve";
}

/** `base` to the power of 2^`squarings`. */
function squared(base: bigint, squarings: number): bigint {
  let result = base;
  for (let done = 0; done < squarings; done += 1) result = (result * result) % P;
  return result;
}

/**
 * `x` to the power of (P − 1) / 2 = 2^254 − 10 = 16·(2^250 − 1) + 6, by an addition chain: the exponent is almost all ones, so squaring and
 * multiplying bit by bit would take twice as long. `onesN` below is `x` to the power of 2^N − 1.
 */
function eulerPower(x: bigint): bigint {
  const ones2 = (squared(x, 1) * x) % P;
  const ones4 = (squared(ones2, 2) * ones2) % P;
  const ones5 = (squared(ones4, 1) * x) % P;
  const ones10 = (squared(ones5, 5) * ones5) % P;
  const ones20 = (squared(ones10, 10) * ones10) % P;
  const ones40 = (squared(ones20, 20) * ones20) % P;
  const ones80 = (squared(ones40, 40) * ones40) % P;
  const ones160 = (squared(ones80, 80) * ones80) % P;
  const ones240 = (squared(ones160, 80) * ones80) % P;
  const ones250 = (squared(ones240, 10) * ones10) % P;
  return (squared(ones250, 4) * squared(ones2, 1)) % P;
}
