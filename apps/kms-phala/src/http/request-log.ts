import { hash } from "node:crypto";
import type { AuditHead } from "@mero-tee/kms-protocol/audit";
import fp from "fastify-plugin";
import type { FastifyPluginCallback } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    /** What was decided about a peer, for the one line of the request; null where nothing was. */
    decision: Decision | null;
  }
}

/** Facts of a decision, none of which is secret. */
interface Decision {
  /** Short hash of the peer id. */
  readonly peer: string;
  /** Digest of the policy document in force; null where there is none. */
  readonly policy?: string | null;
  readonly wire?: "plain" | "wrapped";
  readonly tcbStatus?: string | null;
  readonly measurementSet?: string | null;
  /** Number and digest of the record in the audit file: kept elsewhere, they show later that nothing was cut off. */
  readonly audit?: AuditHead;
}

/** A short stand-in for a peer id in the log: the same for the same peer, and not the peer id. */
export function hashPeerId(peerId: string): string {
  return hash("sha256", peerId).slice(0, 16);
}

const plugin: FastifyPluginCallback = (app, _options, done) => {
  app.decorateRequest("decision", null);
  app.addHook("onResponse", (request, reply, next) => {
    const { refusal, decision } = request;
    request.log.info(
      {
        method: request.method,
        // The pattern of the route, never what the caller wrote in its place.
        path: request.routeOptions.url ?? "unknown",
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ...decision,
        ...(refusal === null ? {} : { code: refusal.code, details: refusal.details, cause: refusal.cause }),
      },
      "answered",
    );
    next();
  });
  done();
};

/** One line for each answer: what was asked, how it ended and why. No header, body or query is ever logged. */
export const requestLog: FastifyPluginCallback = fp(plugin, { name: "request-log", dependencies: ["error-answers"] });
