import { PROFILES } from "@mero-tee/policy";
import type { FastifyPluginCallback } from "fastify";
import { z } from "zod";
import type { Config } from "../config.ts";
import { BUILD } from "../config/build.ts";
import type { Readiness } from "../observe/readiness.ts";
import { READINESS_CHECKS, READINESS_CONDITIONS, READINESS_FAILURES } from "../observe/readiness-report.ts";
import { errorResponses } from "./error-schema.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** Says whether keys can be released, to `/ready` and to metrics alike. */
    readonly readiness: Readiness;
  }
}

const checkSchema = z.strictObject({
  status: z.enum(["ok", "degraded", "failed"]),
  code: z.enum([...READINESS_FAILURES, ...READINESS_CONDITIONS]).nullable(),
  reason: z.string().nullable(),
});
const checksSchema = z.record(z.enum(READINESS_CHECKS), checkSchema);
const buildSchema = z.strictObject({
  version: z.string(),
  commit: z.string().nullable(),
  profile: z.enum(PROFILES),
});
const readySchema = z.strictObject({ ready: z.literal(true), checks: checksSchema, build: buildSchema });
const notReadySchema = z.strictObject({ ready: z.literal(false), checks: checksSchema, build: buildSchema });

const DOCS = { summary: "Whether keys can be released, and if not, why." };

interface ReadyOptions {
  readonly readiness: Readiness;
  readonly settings: Pick<Config, "profile">;
}

/** `GET /ready`: whether keys can be released, and if not, why; and which build says so. 200 or 503. */
export const readyRoute: FastifyPluginCallback<ReadyOptions> = (app, { readiness, settings }, done) => {
  const schema = { response: { ...errorResponses, 200: readySchema, 503: notReadySchema } };
  app.get("/ready", { schema, config: { docs: DOCS } }, async (_request, reply) => {
    const report = await readiness();
    return reply.code(report.ready ? 200 : 503).send({ ...report, build: { ...BUILD, profile: settings.profile } });
  });
  done();
};
