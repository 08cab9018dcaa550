import Fastify, { type FastifyInstance } from "fastify";

/** What one page of metrics is. */
export type Scrape = () => Promise<string>;

// A scrape a second is more than anybody configures; what asks more often gets the same page.
const PAGE_LIFE_MS = 1_000;
const MAX_CONNECTIONS = 16;
const TIMEOUT_MS = 5_000;

/**
 * Makes the server of the metrics: one path on a listener of its own, so that what operators see is never reachable where
 * nodes are served. It has no log: whoever scrapes does so all day.
 *
 * @param monotonicMs - a clock that never goes back
 */
export function buildMetricsServer(scrape: Scrape, monotonicMs: () => number): FastifyInstance {
  let page: { readonly at: number; readonly text: Promise<string> } | null = null;
  const app = Fastify({
    logger: false,
    requestTimeout: TIMEOUT_MS,
    connectionTimeout: TIMEOUT_MS,
    bodyLimit: 1,
    forceCloseConnections: true,
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  app.get("/metrics", async (_request, reply) => {
    if (page === null || monotonicMs() - page.at >= PAGE_LIFE_MS) page = { at: monotonicMs(), text: scrape() };
    return reply
      .type("text/plain; version=0.0.4; charset=utf-8")
      .header("cache-control", "no-store")
      .send(await page.text);
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).send());
  app.setErrorHandler((_error, _request, reply) => reply.code(500).send());
  return app;
}
