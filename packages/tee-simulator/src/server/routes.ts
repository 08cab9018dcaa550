import { type Answer, errorAnswer } from "./answer.ts";
import type { FaultPlan } from "./faults.ts";
import type { Request } from "./request.ts";

/** One endpoint of the control surface. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Exact, or with `*` as its last character everything that begins so. */
  readonly path: string;
  /** One line for the index of endpoints. */
  readonly summary: string;
  readonly answer: (request: Request) => Answer | Promise<Answer>;
}

/**
 * Answers requests from a table of routes: 404 for an unknown path, 405 with `Allow` for a known one; `HEAD` is answered
 * where `GET` is. Planned faults are keyed by the path.
 */
export function routeRequests(routes: readonly Route[], faults: FaultPlan): (request: Request) => Promise<Answer> {
  return async (request) => {
    const method = request.method === "HEAD" ? "GET" : request.method;
    const candidates = routes.filter(({ path }) => isMatch(path, request.path));
    if (candidates.length === 0) return errorAnswer(404, `no such endpoint: see GET / for the list`, "not-found");
    const route = candidates.find((candidate) => candidate.method === method);
    if (route === undefined) {
      const allow = candidates.map((candidate) => candidate.method).join(", ");
      const refusal = errorAnswer(405, `this endpoint takes ${allow}`, "method-not-allowed");
      return { ...refusal, headers: { ...refusal.headers, Allow: allow } };
    }
    return (await faults.take(route.path)) ?? route.answer(request);
  };
}

function isMatch(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
