import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";

/**
 * Turns a request of Node's server into the one that handlers take.
 *
 * @returns null for a request target that is no path
 */
export function toRequest(message: IncomingMessage, origin: string): Request | null {
  const target = message.url ?? "";
  const url = target.startsWith("/") ? URL.parse(origin + target) : null;
  if (url === null) return null;
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const method = message.method ?? "GET";
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same stream, under the name of the other library
  const body = Readable.toWeb(message) as ReadableStream<Uint8Array>;
  return new Request(url, { method, headers, body, duplex: "half" });
}

/** Sends what a handler answered. */
export async function sendResponse(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(answer.body === null ? undefined : new Uint8Array(await answer.arrayBuffer()));
}
