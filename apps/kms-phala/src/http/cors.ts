import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";
import { findEndpoint } from "./endpoints.ts";

const VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";

const plugin: FastifyPluginCallback<{ readonly origins: readonly string[] }> = (app, { origins }, done) => {
  const allowed: ReadonlySet<string> = new Set(origins);
  app.addHook("onRequest", async (request, reply) => {
    void reply.header("vary", VARY);
    const { origin } = request.headers;
    if (origin !== undefined && allowed.has(origin)) void reply.header("access-control-allow-origin", origin);
    if (request.method !== "OPTIONS" || findEndpoint(request.url) === null) return undefined;
    void reply.header("access-control-allow-methods", "GET,POST").header("access-control-allow-headers", "*");
    return reply.code(200).send();
  });
  done();
};

/**
 * Lets pages of the named origins read answers: exact match, no credentials. Registered only when origins are named, so
 * that otherwise no answer has a CORS header and `OPTIONS` is a method like any other.
 *
 * Source: docs/protocol.md.
 */
export const cors: FastifyPluginCallback<{ readonly origins: readonly string[] }> = fp(plugin, { name: "cors" });
