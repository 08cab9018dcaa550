import type { Readable } from "node:stream";
import { errorCodes } from "fastify";

const FIRST_BYTES = 4_096;

/**
 * Reads a body into one buffer, under a limit that is counted while the body arrives.
 *
 * Each piece is copied as it comes. A list of pieces, which the framework's own reader keeps, costs hundreds of bytes for
 * each: a body sent in chunks of one byte would take a hundred times its own size for as long as its sender holds the
 * last chunk back.
 *
 * @param announced - its length as `Content-Length` says, NaN without one
 * @param limit - largest body, in bytes
 * Rejects with the framework's errors for a body that is too large, cut short, or not as long as announced.
 */
export function readBody(payload: Readable, announced: number, limit: number): Promise<Buffer> {
  if (announced > limit) return Promise.reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE());
  return new Promise((resolve, reject) => {
    let body = Buffer.alloc(Math.min(FIRST_BYTES, limit));
    let length = 0;
    const onData = (piece: Buffer): void => {
      if (piece.length > limit - length) return settle(() => reject(new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE()));
      const needed = length + piece.length;
      if (needed > body.length) {
        const grown = Buffer.alloc(Math.min(limit, Math.max(needed, 2 * body.length)));
        body.copy(grown, 0, 0, length);
        body = grown;
      }
      piece.copy(body, length);
      length = needed;
    };
    const onEnd = (): void =>
      settle(() => {
        const isWhole = Number.isNaN(announced) || announced === length;
        if (isWhole) resolve(body.subarray(0, length));
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
