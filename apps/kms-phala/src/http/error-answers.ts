import { type KmsErrorCode, kmsErrorAnswer } from "@mero-tee/kms-protocol";
import fp from "fastify-plugin";
import type { FastifyError, FastifyPluginCallback, FastifyReply, FastifyRequest } from "fastify";
import { refuse, type Refusal } from "../refusal.ts";
import { helpLink } from "./help-link.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Why the request was refused, for its log line; null when it was not. */
    refusal: Refusal | null;
  }
}

// Seconds after which asking again can help: about as long as what is in the way takes to pass.
const RETRY_AFTER_SECONDS: Readonly<Partial<Record<KmsErrorCode, number>>> = {
  "rate-limited": 2,
  "challenge-store-unavailable": 2,
  "policy-not-ready": 10,
  "collateral-unavailable": 10,
  "attestation-unavailable": 5,
  "audit-unavailable": 5,
};

/**
 * Answers a refusal with its status, tag and sentence, a link to what it means, and `Retry-After` where asking again can help
 * (429, 503).
 */
export function sendRefusal(request: FastifyRequest, reply: FastifyReply, refusal: Refusal): FastifyReply {
  request.refusal = refusal;
  const { status, body } = kmsErrorAnswer(refusal.code, refusal.details);
  const retryAfter = RETRY_AFTER_SECONDS[refusal.code];
  if (retryAfter !== undefined) void reply.header("retry-after", retryAfter);
  return reply.code(status).header("link", helpLink(refusal.code)).send(body);
}

// What the framework refuses by itself while it reads a body.
const FRAMEWORK_CODES: ReadonlyMap<string, KmsErrorCode> = new Map([
  ["FST_ERR_CTP_BODY_TOO_LARGE", "body-too-large"],
  ["FST_ERR_CTP_INVALID_MEDIA_TYPE", "media-type-unsupported"],
  ["FST_ERR_CTP_INVALID_CONTENT_LENGTH", "request-not-json"],
  ["FST_ERR_CTP_EMPTY_JSON_BODY", "request-not-json"],
  ["ECONNRESET", "request-not-json"],
]);

function handleError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const code = FRAMEWORK_CODES.get(error.code);
  if (code !== undefined) return sendRefusal(request, reply, refuse(code).error);
  // Anything else is a bug: the log says what, the caller learns nothing.
  request.log.error({ err: error }, "unexpected error");
  return sendRefusal(request, reply, refuse("internal-error").error);
}

const plugin: FastifyPluginCallback = (app, _options, done) => {
  app.decorateRequest("refusal", null);
  app.setErrorHandler(handleError);
  done();
};

/** Gives every error the shape of the protocol; what is not known is a bare 500. */
export const errorAnswers: FastifyPluginCallback = fp(plugin, { name: "error-answers" });
