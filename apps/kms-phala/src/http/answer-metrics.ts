import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";
import type { Metrics } from "../observe/metrics.ts";
import { findEndpoint } from "./endpoints.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** What the service counts. */
    readonly metrics: Metrics;
  }
}

const plugin: FastifyPluginCallback<{ readonly metrics: Metrics }> = (app, { metrics }, done) => {
  app.decorate("metrics", metrics);
  app.addHook("onResponse", (request, _reply, next) => {
    // The pattern of the route: what a caller wrote in its place is no label.
    metrics.answered(findEndpoint(request.routeOptions.url ?? ""), request.refusal?.code ?? null);
    next();
  });
  done();
};

/** Counts each answer by its endpoint and its code. */
export const answerMetrics: FastifyPluginCallback<{ readonly metrics: Metrics }> = fp(plugin, {
  name: "answer-metrics",
  dependencies: ["error-answers"],
});
