import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";

/** Settings of {@link gracefulClose}. */
export interface GracefulCloseOptions {
  /** How long a request that is still being sent is waited for, in milliseconds. */
  readonly requestTimeoutMs: number;
}

function peerOf({ remoteAddress = "", remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

const plugin: FastifyPluginCallback<GracefulCloseOptions> = (app, { requestTimeoutMs }, done) => {
  let isClosing = false;
  const sockets = new Set<Socket>();
  const requests = new Set<IncomingMessage>();
  app.server.on("connection", (socket) => {
    if (isClosing) return socket.destroy();
    sockets.add(socket);
    return socket.once("close", () => sockets.delete(socket));
  });
  app.server.on("request", (request, response) => {
    requests.add(request);
    response.once("close", () => requests.delete(request));
  });
  app.addHook("preClose", async () => {
    isClosing = true;
    // Under TLS a request's socket is another object than the connection below it; the peer's end is the same.
    const busy = new Set([...requests].map(({ socket }) => peerOf(socket)));
    for (const socket of sockets) if (!busy.has(peerOf(socket))) socket.destroy();
    // The server's own limits end with it.
    setTimeout(() => {
      for (const request of requests) if (!request.complete) request.socket.destroy();
    }, requestTimeoutMs).unref();
  });
  app.addHook("onSend", (_request, reply, _payload, next) => {
    if (isClosing) void reply.header("connection", "close");
    next();
  });
  done();
};

/**
 * Ends each connection with the answer that is in flight when the service stops, and those without one at once: kept
 * alive, silent, or in the middle of a request that nobody goes on to send, they would hold up the end of the process.
 */
export const gracefulClose: FastifyPluginCallback<GracefulCloseOptions> = fp(plugin, { name: "graceful-close" });
