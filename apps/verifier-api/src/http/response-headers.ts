/** What every answer of the API says, whatever its method and status. */
const ALWAYS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  vary: "Origin",
};

const EXPOSED =
  "date, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, x-request-id, x-mero-insecure";

/** What is known of an answer when its headers are written. */
export interface HeaderFacts {
  readonly method: string;
  readonly requestId: string;
  /** The development switch is on. */
  readonly isInsecure: boolean;
}

/**
 * The headers of every answer. All of it is public data, there are no cookies, and requests that cost something are limited
 * by address: so pages of every origin may read the answers.
 *
 * Source: docs/verifier-api.md; WHATWG Fetch, CORS protocol.
 */
export function responseHeaders({ method, requestId, isInsecure }: HeaderFacts): Record<string, string> {
  return {
    ...ALWAYS,
    "cross-origin-resource-policy": method === "POST" ? "same-site" : "cross-origin",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": EXPOSED,
    "x-request-id": requestId,
    ...(isInsecure ? { "x-mero-insecure": "private-targets" } : {}),
  };
}

/** What a preflight is answered with, besides {@link responseHeaders}. */
export function preflightHeaders(method: string): Record<string, string> {
  return {
    "access-control-allow-methods": `${method}, OPTIONS`,
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "600",
  };
}
