import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

import type { PostPort } from "./post-port.ts";

/** One POST of a JSON body, and its bounds. */
export interface BoundedPost {
  readonly url: string;
  /** Compact JSON. */
  readonly body: string;
  /** For the whole exchange, connection and body included. */
  readonly timeoutMs: number;
  /** Longest body of the answer. */
  readonly limitBytes: number;
}

/** An answer whose body was read to its end within the limit. Nothing in it is trusted. */
export interface PostAnswer {
  readonly status: number;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Why there is no answer. */
export type TransportFailure =
  /** No connection, or one that broke; `reason` is the transport's code or message, cut short. */
  | { readonly code: "kms-unreachable"; readonly reason: string }
  | { readonly code: "kms-timeout"; readonly timeoutMs: number }
  | { readonly code: "kms-answer-too-large"; readonly limitBytes: number };

/** Longest reason of a transport that is repeated, in UTF-16 units. */
const REASON_LENGTH = 200;

/**
 * Sends one JSON body and reads the answer under a byte limit and a deadline. Redirects are not followed: they come back
 * as their status.
 *
 * Errors: `kms-unreachable`, `kms-timeout`, `kms-answer-too-large`. Never throws, whatever the port does.
 */
export async function boundedPost(post: PostPort, request: BoundedPost): Promise<Result<PostAnswer, TransportFailure>> {
  const { url, body, timeoutMs, limitBytes } = request;
  const signal = AbortSignal.timeout(timeoutMs);
  // A port may ignore the signal, so the deadline is raced as well as handed over.
  const deadline = Promise.withResolvers<never>();
  // The races below report it; without a listener of its own a rejection between two races would end the process.
  deadline.promise.catch(() => {});
  const onAbort = (): void => deadline.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    const headers = { "content-type": "application/json", accept: "application/json" };
    const sent = post(url, { method: "POST", headers, body, redirect: "manual", signal });
    const response = await Promise.race([sent, deadline.promise]);
    const reader = response.body?.getReader();
    const pieces: Uint8Array[] = [];
    let length = 0;
    if (reader === undefined) return ok({ status: response.status, body: new Uint8Array() });
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), deadline.promise]);
      if (done) break;
      if (value === undefined) continue;
      length += value.length;
      if (length > limitBytes) {
        // Frees the connection; whether letting go works does not matter any more.
        reader.cancel().catch(() => {});
        return err({ code: "kms-answer-too-large", limitBytes });
      }
      pieces.push(value);
    }
    return ok({ status: response.status, body: joined(pieces, length) });
  } catch (cause) {
    if (signal.aborted) return err({ code: "kms-timeout", timeoutMs });
    return err({ code: "kms-unreachable", reason: reasonOf(cause) });
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Joins the pieces and wipes them: the answer may hold a key. */
function joined(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
    piece.fill(0);
  }
  return whole;
}

/** The transport's own words: a system code such as `ECONNREFUSED` where there is one, else the message. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "the transport failed";
  const inner: unknown = cause.cause;
  if (inner instanceof Error && "code" in inner && typeof inner.code === "string") return inner.code;
  return cause.message.slice(0, REASON_LENGTH);
}
