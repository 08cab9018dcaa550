/**
 * Compares bytes in a time that depends on the length only, so that it may be used on secrets.
 *
 * @returns false at once when the lengths differ: a length is public
 */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  const [leftView, rightView] = [view(left), view(right)];
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) {
    difference |= leftView.getUint8(index) ^ rightView.getUint8(index);
  }
  return difference === 0;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
