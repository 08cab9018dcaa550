import type { Readable } from "node:stream";
import { errorCodes } from "fastify";
import { type BoundedBuffer, createBoundedBuffer } from "../bounded-buffer.ts";

/**
 * Reads a body into one buffer, under a limit that is counted while the body arrives. The framework's own reader keeps
 * a list of pieces, which a body of many small ones makes expensive. A body that comes in one piece, as nearly all do, is
 * that piece: nothing is copied.
 *
 * @param announced - its length as `Content-Length` says, NaN without one
 * @param limit - largest body, in bytes
 * Rejects with the framework's errors for a body that is too large, cut short, or not as long as announced.
 */
export function readBody(payload: Readable, announced: number, limit: number): Promise<Buffer> {
  if (announced > limit) return Promise.reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
  return new Promise((resolve, reject) => {
    let whole: Buffer | null = null;
    let pieces: BoundedBuffer | null = null;
    const onData = (piece: Buffer): void => {
      if (whole === null && pieces === null && piece.length === announced) {
        whole = piece;
        return;
      }
      pieces ??= createBoundedBuffer(limit);
      // More came than was announced: the end says so.
      const isRoom = whole === null || pieces.append(whole);
      whole = null;
      if (!isRoom || !pieces.append(piece)) settle(() => reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()));
    };
    const onEnd = (): void =>
      settle(() => {
        const body = whole ?? pieces?.taken() ?? Buffer.alloc(0);
        const isWhole = Number.isNaN(announced) || announced === body.length;
        if (isWhole) resolve(body);
        else reject(new errorCodes.FST_ERR_CTP_INVALID_CONTENT_LENGTH());
      });
    const onError = (error: Error): void => settle(() => reject(error));
    const settle = (outcome: () => void): void => {
      payload.off("data", onData).off("end", onEnd).off("error", onError);
      outcome();
    };
    payload.on("data", onData).on("end", onEnd).on("error", onError);
  });
}
