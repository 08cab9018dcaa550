import { failure, type Failure } from "../failure.ts";
import { err, ok, type Result } from "../result.ts";
import type { FetchedBodyReader, FetchedResponse, FetchPort } from "./fetch-port.ts";

/** An answer with status 200 whose body was read to its end within the limit. Nothing in it is trusted. */
export interface FetchedDocument {
  readonly headers: FetchedResponse["headers"];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** One GET: what it is for (in failures), where, and its bounds. */
export interface BoundedGetRequest {
  /** What is fetched, for the failure's facts: `"TCB info"`. */
  readonly subject: string;
  readonly url: string;
  readonly maxBodyBytes: number;
  /** Ends the request whatever the port does, also while the body is read. */
  readonly signal: AbortSignal;
}

/**
 * Makes one GET request and reads its body under a byte limit and a deadline. Redirects are not followed: they come back
 * as their status.
 *
 * Errors: `fetch-failed` (no answer, or a broken one; `reason` is the transport's code or message), `fetch-status` (`actual` is
 * the status, 0 for the opaque redirect of browsers), `fetch-too-large`. Never throws, whatever the port does.
 */
export async function boundedGet(
  fetch: FetchPort,
  { subject, url, maxBodyBytes, signal }: BoundedGetRequest,
): Promise<Result<FetchedDocument, Failure>> {
  // A port may ignore the signal, so the deadline is raced as well as handed over.
  const expiry = Promise.withResolvers<never>();
  // The races below report it; without a listener of its own a rejection between two races would end the process.
  expiry.promise.catch(() => {});
  const onAbort = (): void => expiry.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  if (signal.aborted) onAbort();
  try {
    const response = await Promise.race([
      fetch(url, { method: "GET", headers: { accept: "*/*" }, redirect: "manual", signal }),
      expiry.promise,
    ]);
    const reader = response.body?.getReader() ?? EMPTY_BODY;
    if (response.status !== 200) {
      // Frees the connection; what a refused answer says does not matter, nor whether letting go of it works.
      reader.cancel().catch(() => {});
      return err(failure("fetch", "fetch-status", { subject, expected: 200, actual: response.status }));
    }
    const body = new GrowingBuffer(maxBodyBytes);
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), expiry.promise]);
      if (done) break;
      if (value !== undefined && !body.append(value)) {
        reader.cancel().catch(() => {});
        return err(failure("fetch", "fetch-too-large", { subject, expected: maxBodyBytes }));
      }
    }
    return ok({ headers: response.headers, body: body.bytes() });
  } catch (cause) {
    return err(failure("fetch", "fetch-failed", { subject, reason: describeCause(cause) }));
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** An answer without a body is read like one whose body is empty. */
const EMPTY_BODY: FetchedBodyReader = {
  read: () => Promise.resolve({ done: true }),
  cancel: () => Promise.resolve(),
};

/** Collects a body of unknown length; a list of its pieces would let a server of one-byte pieces multiply the memory. */
class GrowingBuffer {
  readonly #limit: number;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** False, with nothing taken, when the piece does not fit under the limit. */
  append(piece: Uint8Array): boolean {
    if (piece.length > this.#limit - this.#length) return false;
    const length = this.#length + piece.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#limit, Math.max(length, 2 * this.#bytes.length)));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}

const REASON_LIMIT = 200;

/** The transport's own words: a system code such as `ECONNREFUSED` where there is one, else the message, cut short. */
function describeCause(cause: unknown): string {
  if (!(cause instanceof Error)) return "the transport failed";
  if (cause.name === "TimeoutError") return "timed out";
  const inner: unknown = cause.cause;
  if (inner instanceof Error && "code" in inner && typeof inner.code === "string") return inner.code;
  return cause.message.slice(0, REASON_LIMIT);
}
