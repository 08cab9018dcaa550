import type { HealthAnswer } from "@mero-tee/kms-protocol";
import type { FastifyPluginCallback } from "fastify";
import { z } from "zod";
import { errorResponses } from "./error-schema.ts";

const answerSchema = z.strictObject({ status: z.literal("alive"), service: z.literal("mero-kms-phala") });

const DOCS = { summary: "Whether the process runs; nothing more." };

/** `GET /health`: the process is alive, nothing more. Source: docs/protocol.md. */
export const healthRoute: FastifyPluginCallback = (app, _options, done) => {
  const schema = { response: { 200: answerSchema, ...errorResponses } };
  app.get("/health", { schema, config: { docs: DOCS } }, async (): Promise<HealthAnswer> => ({
    status: "alive",
    service: "mero-kms-phala",
  }));
  done();
};
