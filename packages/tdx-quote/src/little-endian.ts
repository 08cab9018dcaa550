/**
 * Reads an unsigned 16-bit little-endian integer; the caller has checked that the bytes are there.
 *
 * Source: Intel TDX DCAP Quoting Library API, quote format ("all fields are little-endian").
 */
export function readU16(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(offset, true);
}

/**
 * Reads an unsigned 32-bit little-endian integer (0..2³²−1, never negative); the caller has checked that the bytes are there.
 *
 * Source: Intel TDX DCAP Quoting Library API, quote format ("all fields are little-endian").
 */
export function readU32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset, true);
}
