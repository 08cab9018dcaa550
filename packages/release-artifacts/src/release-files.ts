import { toHex } from "@mero-tee/tdx-quote/hex";
import { sha256 } from "@noble/hashes/sha2.js";

/**
 * A released directory, as whoever has one shows it: on disk, in memory or behind a network. What goes wrong while reading is
 * thrown, and comes back as `release-unreadable`.
 */
export interface ReleaseFiles {
  /** The plain files of the directory; names are taken as they are, sizes in bytes. */
  list(): Promise<readonly { readonly name: string; readonly size: number }[]>;
  /** The bytes of a file, piece by piece. */
  open(name: string): AsyncIterable<Uint8Array>;
}

/** Reads a file whole; null where it is longer than `maxBytes`. */
export async function readWhole(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of chunks) {
    size += piece.length;
    if (size > maxBytes) return null;
    pieces.push(piece);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Digest of a file as 64 hex digits, in constant memory; null where it is longer than `maxBytes`. */
export async function digestOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string | null> {
  const hash = sha256.create();
  let size = 0;
  for await (const piece of chunks) {
    size += piece.length;
    if (size > maxBytes) return null;
    hash.update(piece);
  }
  return toHex(hash.digest());
}
