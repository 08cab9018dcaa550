/** Bytes that arrive piece by piece, under a limit that holds before the memory is spent. */
export interface BoundedBuffer {
  /** Bytes so far. */
  readonly length: number;
  /** Copies a piece; false, and nothing is kept of it, where it would exceed the limit. */
  append(piece: Uint8Array): boolean;
  /** What has arrived, as a view: whoever takes it appends no more. */
  taken(): Buffer;
  /** Overwrites what has arrived. */
  wipe(): void;
}

const FIRST_BYTES = 1_024;

/**
 * Makes a {@link BoundedBuffer}.
 *
 * Each piece is copied as it comes. A list of pieces costs hundreds of bytes for each: what is sent in chunks of one byte
 * would take a hundred times its own size for as long as its sender holds the last chunk back. Buffers that were grown
 * out of are overwritten, since what arrives may be a key.
 */
export function createBoundedBuffer(limitBytes: number): BoundedBuffer {
  let bytes = Buffer.alloc(Math.min(FIRST_BYTES, limitBytes));
  let length = 0;
  return {
    get length() {
      return length;
    },
    append(piece) {
      const needed = length + piece.length;
      if (needed > limitBytes) return false;
      if (needed > bytes.length) {
        const grown = Buffer.alloc(Math.min(limitBytes, Math.max(needed, 2 * bytes.length)));
        bytes.copy(grown, 0, 0, length);
        bytes.fill(0);
        bytes = grown;
      }
      bytes.set(piece, length);
      length = needed;
      return true;
    },
    taken: () => bytes.subarray(0, length),
    wipe: () => void bytes.fill(0),
  };
}
