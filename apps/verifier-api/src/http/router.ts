import type { Config, RateName } from "../config.ts";
import type { Rate } from "../config/rate-limits.ts";
import { clientKey } from "../limits/client-key.ts";
import type { Admission, RateLimiter } from "../limits/rate-limiter.ts";
import type { Problem } from "../problem.ts";
import { type EndpointPath, ENDPOINTS } from "../wire/endpoints.ts";
import type { ProblemCode } from "../wire/problems.ts";
import type { Answer, Call, Handle } from "./call.ts";
import { problemAnswer } from "./problem-response.ts";
import { preflightHeaders, responseHeaders } from "./response-headers.ts";

/** One endpoint. */
export interface Route {
  readonly handle: Handle;
  /** What counts its requests. */
  readonly rates: { readonly name: RateName; readonly rates: readonly Rate[] } | null;
  /** A setting that it needs cannot be used. */
  readonly isClosed: boolean;
}

/** One line of the log: no addresses, no quotes, no nonces. */
export interface LogLine {
  readonly requestId: string;
  readonly endpoint: string;
  readonly method: string;
  readonly status: number;
  readonly code?: ProblemCode;
  readonly ms: number;
  /** What an unexpected exception said; a bug. */
  readonly bug?: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

/** What all endpoints share. */
export interface RouterPorts {
  readonly route: (path: EndpointPath) => Route;
  readonly config: Pick<Config, "trustProxy" | "isInsecure">;
  readonly nowMs: () => number;
  readonly limiter: RateLimiter;
  readonly log: (line: LogLine) => void;
}

/** The API. */
export interface Router {
  /**
   * Answers a request. Never rejects.
   *
   * @param peer - the address at the other end of the connection, where this process sees one
   */
  answer(request: Request, peer?: string | null): Promise<Response>;
}

/** Requests that are answered at once; more are refused before they cost anything. */
const MAX_IN_FLIGHT = 128;

type Outcome = { readonly answer: Answer } | { readonly problem: Problem } | { readonly preflight: true };

/** Makes the API from its endpoints. */
export function createRouter({ route, config, nowMs, limiter, log }: RouterPorts): Router {
  let inFlight = 0;

  const decide = async (
    request: Request,
    path: EndpointPath | null,
    call: Call,
    headers: Record<string, string>,
  ): Promise<Outcome> => {
    if (request.headers.has("x-mero-verifier")) return refused("loop_detected", "The request came from a verifier.");
    if (path === null) return refused("endpoint_unknown", "The endpoints are listed in the API's description.");
    const allowed = ENDPOINTS[path];
    if (request.method === "OPTIONS") return { preflight: true };
    if (request.method !== allowed && !(request.method === "HEAD" && allowed === "GET")) {
      headers["allow"] = `${allowed}, OPTIONS`;
      return refused("method_not_allowed", `This endpoint takes ${allowed}.`);
    }
    const { handle, rates, isClosed } = route(path);
    if (isClosed)
      return refused("not_configured", "A setting that this endpoint needs cannot be used; see /api/health.");
    if (rates !== null) {
      const admission = await limiter.draw({ key: `${rates.name}:${call.client}`, rates: rates.rates });
      Object.assign(headers, rateHeaders(admission));
      if (!admission.isAdmitted) {
        return refused("rate_limited", "Too many requests came from your address.", {
          retryAfterSeconds: admission.retryAfterSeconds,
        });
      }
    }
    if (inFlight >= MAX_IN_FLIGHT) return refused("overloaded", "Try again shortly.", { retryAfterSeconds: 2 });
    inFlight += 1;
    try {
      const outcome = await handle(call);
      return outcome.ok ? { answer: outcome.value } : { problem: outcome.error };
    } finally {
      inFlight -= 1;
    }
  };

  return {
    async answer(request, peer = null) {
      const startedAt = nowMs();
      const url = new URL(request.url);
      const path = endpointOf(url.pathname);
      const requestId = crypto.randomUUID();
      const facts: Record<string, string | number> = {};
      const call: Call = {
        request,
        url,
        requestId,
        client: clientKey(request.headers, peer, config.trustProxy),
        foreignOrigin: foreignOriginOf(request, url),
        note: (name, value) => void (facts[name] = value),
      };
      const headers = responseHeaders({ method: request.method, requestId, isInsecure: config.isInsecure });
      let bug: string | undefined;
      const outcome = await decide(request, path, call, headers).catch((cause: unknown): Outcome => {
        bug = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
        return { problem: { code: "internal_error", detail: "It was logged under the request id." } };
      });
      const response = writeResponse(outcome, request, path, url, headers, requestId);
      log({
        requestId,
        endpoint: path ?? "unknown",
        method: request.method,
        status: response.status,
        ...("problem" in outcome ? { code: outcome.problem.code } : {}),
        ms: Math.round(nowMs() - startedAt),
        ...(bug === undefined ? {} : { bug }),
        facts,
      });
      return response;
    },
  };
}

function refused(code: ProblemCode, detail: string, more: Partial<Problem> = {}): Outcome {
  return { problem: { code, detail, ...more } };
}

function writeResponse(
  outcome: Outcome,
  request: Request,
  path: EndpointPath | null,
  url: URL,
  headers: Record<string, string>,
  requestId: string,
): Response {
  if ("preflight" in outcome) {
    const method = path === null ? "GET" : ENDPOINTS[path];
    return new Response(null, { status: 204, headers: { ...headers, ...preflightHeaders(method) } });
  }
  const hasBody = request.method !== "HEAD";
  if ("problem" in outcome) {
    const problem = problemAnswer(outcome.problem, url.origin, requestId);
    return new Response(hasBody ? problem.body : null, {
      status: problem.status,
      headers: { ...headers, ...problem.headers },
    });
  }
  const { body, cacheControl } = outcome.answer;
  const length = typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
  return new Response(hasBody ? body : null, {
    status: 200,
    headers: {
      ...headers,
      "content-type": "application/json",
      "content-length": String(length),
      "cache-control": cacheControl,
    },
  });
}

function endpointOf(pathname: string): EndpointPath | null {
  const path = pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table are its paths
  return Object.hasOwn(ENDPOINTS, path) ? (path as EndpointPath) : null;
}

/** The origin of a page on another site. By host: behind a proxy the scheme that arrives here is not the browser's. */
function foreignOriginOf(request: Request, url: URL): string | null {
  const origin = request.headers.get("origin");
  if (origin === null || URL.parse(origin)?.host === url.host) return null;
  return origin;
}

function rateHeaders(admission: Admission): Record<string, string> {
  return {
    "ratelimit-limit": String(admission.limit),
    "ratelimit-remaining": String(admission.isAdmitted ? admission.remaining : 0),
    "ratelimit-reset": String(admission.isAdmitted ? admission.resetSeconds : admission.retryAfterSeconds),
  };
}
