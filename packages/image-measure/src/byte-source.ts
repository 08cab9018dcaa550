import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { refuseImage, type ImageError } from "./image-error.ts";

/** Bytes of an image that need not be in memory as a whole: disks are sparse files of gigabytes. */
export interface ByteSource {
  readonly size: number;
  /** Reads `length` bytes at `offset`; both lie inside `size`. Rejects only where reading itself fails. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

/**
 * Reads a range that an image itself names.
 *
 * Errors: `disk-truncated` where the range leaves the source.
 */
export async function readRange(
  source: ByteSource,
  offset: number,
  length: number,
): Promise<Result<Uint8Array, ImageError>> {
  if (offset + length > source.size) {
    return refuseImage("disk-truncated", `the image has ${source.size} bytes and refers to byte ${offset + length}`);
  }
  return ok(await source.read(offset, length));
}
