import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createPeerKeyReader, REQUEST_BODY_LIMIT_BYTES } from "@mero-tee/kms-protocol";
import Fastify, { type FastifyInstance, type FastifyRequest, LogController } from "fastify";
import { z } from "zod";
import { createAdmission } from "./admission.ts";
import { type AuditTrail, NO_AUDIT } from "./audit/audit-trail.ts";
import type { ChallengeStore } from "./challenge/challenge-store.ts";
import type { Config } from "./config.ts";
import type { GuestAgent } from "./guest-agent.ts";
import { answerHeaders } from "./http/answer-headers.ts";
import { identifyCallers } from "./http/caller.ts";
import { answerMetrics } from "./http/answer-metrics.ts";
import { cors } from "./http/cors.ts";
import { errorAnswers, sendRefusal } from "./http/error-answers.ts";
import { openApi } from "./http/openapi.ts";
import { gracefulClose } from "./http/graceful-close.ts";
import { loggerOptions, type LogStream } from "./http/logger.ts";
import { ANSWER_MEDIA_TYPE } from "./http/media-type.ts";
import { readBody } from "./http/request-body.ts";
import { requestLog } from "./http/request-log.ts";
import { requestOrder } from "./http/request-order.ts";
import { answerSocketError } from "./http/socket-errors.ts";
import { createMetrics, type Metrics } from "./observe/metrics.ts";
import {
  observeAdmission,
  observeAgent,
  observeAudit,
  observeChallenges,
  observeEvidence,
} from "./observe/observed-ports.ts";
import type { TcbWatch } from "./observe/tcb-watch.ts";
import { type Conditions, createReadiness, type ReadinessSources } from "./observe/readiness.ts";
import type { PolicyHolder } from "./policy/policy-holder.ts";
import type { PolicyIdentity } from "./policy/policy-identity.ts";
import type { QuoteVerification } from "./quote-verification.ts";
import { refuse } from "./refusal.ts";
import { attestRoute } from "./routes/attest.ts";
import { challengeRoute } from "./routes/challenge.ts";
import { getKeyRoute } from "./routes/get-key.ts";
import { healthRoute } from "./routes/health.ts";
import { readyRoute } from "./routes/ready.ts";
import type { TlsKeeper } from "./tls/tls-keeper.ts";

/** What the service needs of the world. */
export interface AppDeps {
  readonly policy: Pick<PolicyHolder, "current">;
  readonly challenges: ChallengeStore;
  readonly evidence: QuoteVerification;
  readonly agent: GuestAgent;
  /** What the service knows of its parts, for `/ready`; all is well where nobody says otherwise. */
  readonly conditions?: Partial<Conditions>;
  /** Where decisions are written down; nowhere when absent. */
  readonly audit?: AuditTrail;
  /** Which policy is in force, for records of decisions. */
  readonly policyIdentity?: () => PolicyIdentity | null;
  /** What is counted; a registry of its own when absent. */
  readonly metrics?: Metrics;
  /** Looks ahead on behalf of nodes that get keys; nobody does when absent. */
  readonly watch?: TcbWatch;
  /** Serves TLS instead of plain HTTP. */
  readonly tls?: TlsKeeper;
  /** Where log lines go; standard output when absent. */
  readonly logStream?: LogStream;
}

// Nodes give up after 30 s in total; nobody honest needs as long to send 64 KiB.
const REQUEST_TIMEOUT_MS = 15_000;
const HEADERS_TIMEOUT_MS = 10_000;
// How often the two limits above are looked at; the default of 30 s would let them be overstepped by as much.
const TIMEOUT_CHECK_MS = 5_000;
const IDLE_SOCKET_TIMEOUT_MS = 60_000;

// The framework sets its limits on servers of its own making only.
const TLS_SERVER_TIMEOUTS = {
  requestTimeout: REQUEST_TIMEOUT_MS,
  headersTimeout: HEADERS_TIMEOUT_MS,
  connectionsCheckingInterval: TIMEOUT_CHECK_MS,
  connectionTimeout: IDLE_SOCKET_TIMEOUT_MS,
};

// Nodes whose public keys are remembered: as many as PCK chains.
const PEER_KEYS = 1_024;

/**
 * Builds the service: routes, edge and logger, nothing started and nothing read. Plugins run in the order in which they
 * stand here.
 */
export function buildApp(config: Config, deps: AppDeps): FastifyInstance {
  const { limits } = config;
  const { tls, metrics = createMetrics() } = deps;
  const agent = observeAgent(deps.agent, metrics);
  const challenges = observeChallenges(deps.challenges, metrics);
  const evidence = observeEvidence(deps.evidence, metrics);
  const ports = { ...deps, agent, challenges, evidence, readPeerKey: createPeerKeyReader(PEER_KEYS) };
  const callerOf = identifyCallers(limits.trustedProxies);
  const app = Fastify({
    trustProxy:
      limits.trustedProxies === null || limits.trustedProxies.length === 0 ? false : [...limits.trustedProxies],
    logger: loggerOptions(config.logLevel, deps.logStream),
    logController: new LogController({ disableRequestLogging: true }),
    requestIdHeader: false,
    genReqId: () => crypto.randomUUID(),
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_SOCKET_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    ...(tls === undefined
      ? {}
      : { serverFactory: (handler: RequestListener): Server => tls.createServer(TLS_SERVER_TIMEOUTS, handler) }),
    // Requests that arrive on open connections while the service stops are still answered.
    return503OnClosing: false,
    clientErrorHandler: answerSocketError,
    // A path that cannot be decoded is an unknown one. No hook runs for it, so it states its media type itself.
    frameworkErrors: (_error, request, reply) =>
      void sendRefusal(request, reply.serializer(JSON.stringify).type(ANSWER_MEDIA_TYPE), refuse("path-unknown").error),
  });
  app.setSerializerCompiler(({ schema }) => serializerOf(schema));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", ({ headers }: FastifyRequest, payload: IncomingMessage) =>
    readBody(payload, Number(headers["content-length"]), REQUEST_BODY_LIMIT_BYTES),
  );

  void app.register(errorAnswers);
  void app.register(answerHeaders);
  void app.register(gracefulClose, { requestTimeoutMs: REQUEST_TIMEOUT_MS });
  void app.register(requestLog);
  void app.register(answerMetrics, { metrics });
  if (config.corsOrigins.length > 0) void app.register(cors, { origins: config.corsOrigins });
  void app.register(requestOrder);

  const readiness = createReadiness({ ...readinessOf(deps), settings: config });
  app.decorate("readiness", { getter: () => readiness });
  void app.register(openApi);
  void app.register(healthRoute);
  void app.register(readyRoute, { readiness, settings: config });
  void app.register(challengeRoute, { challenges });
  void app.register(attestRoute, {
    agent,
    quotes: observeAdmission(createAdmission(limits.quotes), "attest", metrics),
    callerOf,
  });
  void app.register(getKeyRoute, {
    settings: config,
    ports,
    releases: observeAdmission(createAdmission(limits.releases), "get-key", metrics),
    callerOf,
    audit: observeAudit(deps.audit ?? NO_AUDIT, metrics),
    onReleased(peer, { key, verified }) {
      metrics.released(key.wire, verified?.tcbStatus ?? null);
      const policy = deps.policy.current();
      if (verified !== null && policy.ok) deps.watch?.note(peer, verified, policy.value);
    },
    policyIdentity: deps.policyIdentity ?? (() => null),
  });
  return app;
}

function readinessOf({ policy, agent, conditions }: AppDeps): Omit<ReadinessSources, "settings"> {
  return {
    policy,
    agent,
    challengeStoreProblem: () => null,
    collateral: () => ({ platforms: [], isClockBehind: false }),
    isAuditBroken: () => false,
    profileEvent: () => null,
    monotonicMs: () => performance.now(),
    ...conditions,
  };
}

// Answers pass through their schema before they are written: what it does not name never leaves.
function serializerOf(schema: unknown): (answer: unknown) => string {
  if (!(schema instanceof z.ZodType)) throw new TypeError("response schemas are zod schemas");
  return (answer) => JSON.stringify(schema.parse(answer));
}
