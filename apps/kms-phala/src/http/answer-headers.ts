import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";
import { ANSWER_MEDIA_TYPE } from "./media-type.ts";

const plugin: FastifyPluginCallback = (app, _options, done) => {
  app.addHook("onRequest", (request, reply, next) => {
    void reply
      // Keys and nonces must not stay in any cache on the way.
      .header("cache-control", "no-store")
      .header("x-content-type-options", "nosniff")
      .header("x-request-id", request.id);
    next();
  });
  app.addHook("onSend", (_request, reply, _payload, next) => {
    // The framework adds a charset to it.
    if (reply.hasHeader("content-type")) void reply.header("content-type", ANSWER_MEDIA_TYPE);
    next();
  });
  done();
};

/** The headers that every answer carries. */
export const answerHeaders: FastifyPluginCallback = fp(plugin, { name: "answer-headers" });
