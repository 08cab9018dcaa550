/**
 * Compares bytes in a time that depends on the length only, so that it may be used on secrets.
 *
 * @returns false at once when the lengths differ: a length is public
 */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) difference |= Number(left[index]) ^ Number(right[index]);
  return difference === 0;
}

/**
 * Compares bytes that are no secret: stops at the first difference, so that a search among many others costs next to nothing.
 */
export function equalPublicBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left === right) return true;
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) if (left[index] !== right[index]) return false;
  return true;
}
