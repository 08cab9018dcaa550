import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";

const plugin: FastifyPluginCallback = (app, _options, done) => {
  let isClosing = false;
  app.addHook("preClose", async () => {
    isClosing = true;
  });
  app.addHook("onSend", async (_request, reply) => {
    if (isClosing) void reply.header("connection", "close");
  });
  done();
};

/**
 * Ends each connection with the answer that is in flight when the service stops. Kept alive, a connection whose client
 * has nothing more to ask would hold up the end of the process.
 */
export const gracefulClose: FastifyPluginCallback = fp(plugin, { name: "graceful-close" });
