import type { IncomingMessage } from "node:http";

/** A request whose body has arrived in full; nothing in it is trusted or decoded yet. */
export interface Request {
  readonly method: string;
  /** The path of the request target, without the query, not percent-decoded: no route of the simulator needs it. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Media type without parameters, lower case; empty if absent. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** Why a request could not be read: its body is over the limit, or the peer went away before it was complete. */
export type UnreadableRequest = "too-large" | "aborted";

/** How many times the limit is read and thrown away, so that a client that is still writing can read the refusal. */
const DRAIN_FACTOR = 64;

/**
 * Reads one request with a bounded body.
 *
 * A body over the limit is read on without being kept: closing at once would reset the connection under the client's
 * hands and hide the refusal from it. A client that goes on past 64 limits is cut off.
 */
export async function readRequest(
  message: IncomingMessage,
  bodyLimitBytes: number,
): Promise<Request | UnreadableRequest> {
  const chunks: Uint8Array[] = [];
  let received = 0;
  try {
    for await (const chunk of message) {
      if (!(chunk instanceof Uint8Array)) continue;
      received += chunk.length;
      if (received <= bodyLimitBytes) chunks.push(chunk);
      else if (received > bodyLimitBytes * DRAIN_FACTOR) return "aborted";
    }
  } catch {
    // The peer closed before the body was complete: there is nobody to answer.
    return "aborted";
  }
  if (received > bodyLimitBytes) return "too-large";
  const target = message.url ?? "/";
  const queryStart = target.indexOf("?");
  return {
    method: message.method ?? "GET",
    path: queryStart === -1 ? target : target.slice(0, queryStart),
    query: new URLSearchParams(queryStart === -1 ? "" : target.slice(queryStart + 1)),
    contentType: (message.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "",
    body: Buffer.concat(chunks),
  };
}
