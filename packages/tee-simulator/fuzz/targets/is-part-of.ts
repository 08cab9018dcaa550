/** Whether the bytes of a part occur in a whole. */
export function isPartOf(part: Uint8Array, whole: Uint8Array): boolean {
  return Buffer.from(whole).includes(Buffer.from(part));
}
