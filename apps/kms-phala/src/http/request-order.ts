import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";
import { refuse } from "../refusal.ts";
import { ENDPOINTS, findEndpoint } from "./endpoints.ts";
import { sendRefusal } from "./error-answers.ts";
import { isJsonMediaType } from "./media-type.ts";

const plugin: FastifyPluginCallback = (app, _options, done) => {
  app.addHook("onRequest", (request, reply, next) => {
    const endpoint = findEndpoint(request.url);
    // The router matches more spellings of a path than there are.
    if (endpoint === null) return void sendRefusal(request, reply, refuse("path-unknown").error);
    if (request.is404) {
      void reply.header("allow", ENDPOINTS[endpoint]);
      return void sendRefusal(request, reply, refuse("method-not-allowed").error);
    }
    if (request.method === "POST" && !isJsonMediaType(request.headers["content-type"])) {
      return void sendRefusal(request, reply, refuse("media-type-unsupported").error);
    }
    return next();
  });
  // Never reached: the hook above answers first. Without a handler of its own the framework would log the URL.
  app.setNotFoundHandler((request, reply) => sendRefusal(request, reply, refuse("path-unknown").error));
  done();
};

/**
 * Refuses in the protocol's order what can be refused before a body is read: path, method, content type.
 *
 * Source: docs/protocol.md.
 */
export const requestOrder: FastifyPluginCallback = fp(plugin, {
  name: "request-order",
  dependencies: ["error-answers"],
});
