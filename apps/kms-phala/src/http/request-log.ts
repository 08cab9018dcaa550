import { createHash } from "node:crypto";
import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";

/** A short stand-in for a peer id in the log: the same for the same peer, and not the peer id. */
export function hashPeerId(peerId: string): string {
  return createHash("sha256").update(peerId).digest("hex").slice(0, 16);
}

const plugin: FastifyPluginCallback = (app, _options, done) => {
  app.addHook("onResponse", async (request, reply) => {
    const { refusal } = request;
    request.log.info(
      {
        method: request.method,
        // The pattern of the route, never what the caller wrote in its place.
        path: request.routeOptions.url ?? "unknown",
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ...(refusal === null ? {} : { code: refusal.code, details: refusal.details, cause: refusal.cause }),
      },
      "answered",
    );
  });
  done();
};

/** One line for each answer: what was asked, how it ended and why. No header, body or query is ever logged. */
export const requestLog: FastifyPluginCallback = fp(plugin, { name: "request-log", dependencies: ["error-answers"] });
