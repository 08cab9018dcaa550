import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";

const plugin: FastifyPluginCallback = (app, _options, done) => {
  app.addHook("onRequest", async (request, reply) => {
    void reply
      // Keys and nonces must not stay in any cache on the way.
      .header("cache-control", "no-store")
      .header("x-content-type-options", "nosniff")
      .header("x-request-id", request.id);
  });
  done();
};

/** The headers that every answer carries. */
export const answerHeaders: FastifyPluginCallback = fp(plugin, { name: "answer-headers" });
