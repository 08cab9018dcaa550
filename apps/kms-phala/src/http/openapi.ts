import { KMS_ERRORS } from "@mero-tee/kms-protocol";
import fp from "fastify-plugin";
import type { FastifyPluginCallback, RouteOptions } from "fastify";
import { z } from "zod";

/** What a route says of itself beside its schemas. */
interface RouteDocs {
  readonly summary: string;
  /**
   * The body that it takes. For the document alone: bodies are read by the protocol's own parsers, which know duplicate
   * members, canonical base64 and the order of the checks; a test holds the two together.
   */
  readonly body?: z.ZodType;
}

declare module "fastify" {
  interface FastifyContextConfig {
    readonly docs?: RouteDocs;
  }
}

const documentSchema = z.looseObject({ openapi: z.literal("3.1.0"), paths: z.record(z.string(), z.unknown()) });

/** An OpenAPI 3.1 document. */
type OpenApiDocument = z.infer<typeof documentSchema>;

const plugin: FastifyPluginCallback = (app, _options, done) => {
  const routes: RouteOptions[] = [];
  // Sees every route that is registered after it.
  app.addHook("onRoute", (route) => {
    if (route.method !== "HEAD") routes.push(route);
  });
  const schema = { response: { 200: documentSchema } };
  const docs = { summary: "This document." };
  let document: OpenApiDocument | null = null;
  app.get("/openapi.json", { schema, config: { docs } }, async () => (document ??= describe(routes)));
  done();
};

/** Serves `GET /openapi.json`, made from the schemas with which the routes answer. */
export const openApi: FastifyPluginCallback = fp(plugin, { name: "openapi" });

function describe(routes: readonly RouteOptions[]): OpenApiDocument {
  const paths = routes.map((route) => [route.url, { [String(route.method).toLowerCase()]: describeRoute(route) }]);
  return {
    openapi: "3.1.0",
    info: {
      title: "mero-kms-phala",
      version: "1",
      summary: "Gives storage keys to TDX machines that prove what they run.",
      license: { name: "MIT OR Apache-2.0" },
    },
    paths: Object.fromEntries(paths),
  };
}

function describeRoute({ config, schema }: RouteOptions): Record<string, unknown> {
  const { summary = "", body } = config?.docs ?? {};
  const responses = Object.entries(Object(schema?.response)).map(([status, answer]) => [
    status.toUpperCase(),
    { description: descriptionOf(status), content: contentOf(answer) },
  ]);
  return {
    summary,
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } }),
    responses: Object.fromEntries(responses),
  };
}

function contentOf(schema: unknown): Record<string, unknown> {
  if (!(schema instanceof z.ZodType)) throw new TypeError("schemas of routes are zod schemas");
  const { $schema: _dialect, ...shape } = z.toJSONSchema(schema);
  return { "application/json": { schema: shape } };
}

function descriptionOf(status: string): string {
  if (status === "200") return "The answer.";
  if (status === "503") return "The same while keys cannot be released.";
  const tags = Object.values(KMS_ERRORS).filter(([code]) => String(code).startsWith(status.slice(0, 1)));
  return `Refused by this service: ${[...new Set(tags.map(([code, tag]) => `${code} ${tag}`))].toSorted().join(", ")}.`;
}
