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
 * Variable time: public keys are public.
 *
 * @param encoded - 32 bytes, little-endian y with the sign of x in the top bit
 * @returns the first defect, or null for a point of the curve that is not of small order
 * Source: RFC 8032, section 5.1.3 (decoding); "Taming the many EdDSAs" (small order, canonical form).
 */
export function ed25519PointDefect(encoded: Uint8Array): Ed25519PointDefect | null {
  const words = new DataView(encoded.buffer, encoded.byteOffset, ED25519_POINT_BYTES);
  let y = 0n;
  for (const offset of [24, 16, 8, 0]) y = (y << 64n) | words.getBigUint64(offset, true);
  y &= 2n ** 255n - 1n;
  if (y >= P) return "non-canonical";
  if (SMALL_ORDER_Y.has(y)) return "small-order";
  const ySquared = (y * y) % P;
  const u = ySquared - 1n;
  const v = (D * ySquared + 1n) % P;
  // x² = u/v has a root exactly if u·v is a square; neither is zero here.
  return isSquare((u * v) % P) ? null : "off-curve";
}

/**
 * Whether `value`, from 1 to P − 1, has a square root modulo P: its Jacobi symbol (which is Legendre's, P being prime) by quadratic
 * reciprocity. Euler's criterion says the same with one modular power, which takes several times as long.
 *
 * Source: Cohen, "A Course in Computational Algebraic Number Theory", algorithm 1.4.10.
 */
function isSquare(value: bigint): boolean {
  let isResidue = true;
  let top = value;
  let bottom = P;
  while (top !== 0n) {
    let twos = 0;
    for (; (top & 1n) === 0n; top >>= 1n) twos += 1;
    // 2 is a square modulo the numbers that are 1 or 7 modulo 8.
    const bottomLow = Number(bottom & 7n);
    if (twos % 2 === 1 && (bottomLow === 3 || bottomLow === 5)) isResidue = !isResidue;
    // Turning the symbol over changes its sign where both are 3 modulo 4.
    if (bottomLow % 4 === 3 && (top & 3n) === 3n) isResidue = !isResidue;
    [top, bottom] = [bottom % top, top];
  }
  return isResidue;
}
