import { access, chmod, lstat, unlink } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { dirname } from "node:path";

import { type Answer, errorAnswer, type HttpAnswer } from "./answer.ts";
import { readRequest, type Request } from "./request.ts";

/** What a service needs to answer requests. */
export interface HttpServiceOptions {
  readonly bodyLimitBytes: number;
  /** The answer to a body over the limit. */
  readonly tooLarge: HttpAnswer;
  readonly answer: (request: Request) => Answer | Promise<Answer>;
  /** Told about every exception of a handler; the client only ever sees a bare 500. */
  readonly onBug: (error: unknown) => void;
}

/** Where a service listens: a TCP port of the loopback interface (0 picks a free one), or a Unix socket. */
export type Endpoint = { readonly port: number } | { readonly socketPath: string };

/** A listening service. */
export interface HttpService {
  /** The TCP port; 0 for a Unix socket. */
  readonly port: number;
  /** Stops listening and drops every connection; safe to call twice. */
  readonly close: () => Promise<void>;
}

/** `sun_path` of a Linux socket address holds 108 bytes with the final NUL (unix(7)). */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Starts an HTTP/1.1 service on loopback.
 *
 * Every answer carries `Content-Length`, and the connection closes once the peer has closed its half and has been
 * answered: hand-written clients of Unix sockets depend on both.
 *
 * @throws Error if the endpoint cannot be taken (port or socket in use, path too long or not a socket)
 */
export async function startHttpService(endpoint: Endpoint, options: HttpServiceOptions): Promise<HttpService> {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 30_000,
      connectionsCheckingInterval: 5_000,
    },
    (message, response) => {
      void serve(message, response, options);
    },
  );
  // A client that closes its half right after the request still gets its answer. The property is older than the type
  // definitions and not among the constructor's options.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("clientError", (_error, socket) => {
    // Not HTTP, or too slow: the socket may already be gone.
    if (socket.writable) socket.end(rawBadRequest());
    else socket.destroy();
  });

  if ("socketPath" in endpoint) await listenOnSocket(server, endpoint.socketPath);
  else await listen(server, { host: "127.0.0.1", port: endpoint.port });

  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    close: () => close(server),
  };
}

/** Never rejects: an exception anywhere ends this one connection at most. */
async function serve(message: IncomingMessage, response: ServerResponse, options: HttpServiceOptions): Promise<void> {
  try {
    const request = await readRequest(message, options.bodyLimitBytes);
    if (request === "aborted") message.destroy();
    else send(response, await answerRequest(request, options), message.method === "HEAD");
  } catch (error) {
    options.onBug(error);
    response.destroy();
  }
}

async function answerRequest(request: Request | "too-large", options: HttpServiceOptions): Promise<Answer> {
  if (request === "too-large") return options.tooLarge;
  try {
    return await options.answer(request);
  } catch (error) {
    options.onBug(error);
    return errorAnswer(500, "internal error");
  }
}

function send(response: ServerResponse, answer: Answer, withoutBody: boolean): void {
  if (answer === "hang" || response.destroyed) return;
  if (answer === "disconnect") {
    response.destroy();
    return;
  }
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  response.writeHead(answer.status, {
    ...answer.headers,
    "Content-Length": body.length,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(withoutBody ? undefined : body);
}

function rawBadRequest(): string {
  const body = `{"error":"malformed HTTP request"}`;
  return `HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}

async function listenOnSocket(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new Error(`socket path is longer than ${MAX_SOCKET_PATH_BYTES} bytes: ${path}`);
  }
  // Listening in a directory that does not exist is reported as EACCES; this says ENOENT.
  await access(dirname(path));
  await removeStaleSocket(path);
  await listen(server, { path });
  // Whoever can open the socket can derive every key behind it.
  await chmod(path, 0o600);
}

/** A socket left by a process that was killed is removed; a live one, or another kind of file, is left alone. */
async function removeStaleSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => null);
  if (stats === null) return;
  if (!stats.isSocket()) throw new Error(`${path} exists and is not a socket`);
  if (await isServed(path)) throw new Error(`another process listens on ${path}`);
  await unlink(path);
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

function listen(server: Server, where: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(where, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // The only error of close() is that the server is already closed.
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
