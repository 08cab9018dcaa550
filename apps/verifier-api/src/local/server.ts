import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Router } from "../http/router.ts";
import { sendResponse, toRequest } from "./node-adapter.ts";
import type { Site } from "./site-store.ts";

/** A server that listens. */
export interface LocalServer {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** Takes no new requests, answers those under way, and ends. */
  stop(): Promise<void>;
}

const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 512;

/**
 * Serves API and site on loopback.
 *
 * @param port - 0 picks a free one
 * Rejects if the port is taken.
 */
export async function startServer(router: Router, site: Site, port: number): Promise<LocalServer> {
  let url = "";
  const answer = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = toRequest(message, hostOf(message) ?? url);
    if (request === null) return await sendResponse(new Response(null, { status: 400 }), response);
    const { pathname } = new URL(request.url);
    const isApi = pathname === "/api" || pathname.startsWith("/api/");
    const peer = message.socket.remoteAddress ?? null;
    await sendResponse(isApi ? await router.answer(request, peer) : site.answer(request.method, pathname), response);
    // A body that nobody read would hold the connection.
    message.resume();
  };
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, maxHeaderSize: MAX_HEADER_BYTES },
    // The caller went away before its answer: nobody is left to tell.
    (message, response) => void answer(message, response).catch(() => response.destroy()),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const idle = trackIdle(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve());
  });
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : port}`;
  return {
    url,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        idle.end();
      }),
  };
}

/** Knows which connections wait for nothing: kept alive, or silent from the start, they would hold up the end. */
function trackIdle(server: Server): { end(): void } {
  const sockets = new Set<Socket>();
  const busy = new Set<Socket>();
  let isEnding = false;
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", ({ socket }, response) => {
    busy.add(socket);
    response.once("close", () => {
      busy.delete(socket);
      if (isEnding) socket.destroySoon();
    });
  });
  return {
    end() {
      isEnding = true;
      for (const socket of sockets) if (!busy.has(socket)) socket.destroy();
    },
  };
}

/** The address under which this server was asked, where it is one of this machine's; a name from elsewhere is not repeated. */
function hostOf({ headers }: IncomingMessage): string | null {
  const host = headers.host ?? "";
  return /^(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?$/.test(host) ? `http://${host}` : null;
}
