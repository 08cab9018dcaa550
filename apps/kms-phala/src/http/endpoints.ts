/** The paths of the service and the methods that each answers, as `Allow` names them. */
export const ENDPOINTS = {
  "/health": "GET, HEAD",
  "/ready": "GET, HEAD",
  "/challenge": "POST",
  "/get-key": "POST",
  "/attest": "POST",
  "/openapi.json": "GET, HEAD",
} as const;

/** One of the paths of {@link ENDPOINTS}. */
export type EndpointPath = keyof typeof ENDPOINTS;

function isEndpoint(path: string): path is EndpointPath {
  return Object.hasOwn(ENDPOINTS, path);
}

/**
 * The endpoint that a request target names, without its query; null for every other path. Paths are compared letter by
 * letter: in another spelling (`/%63hallenge`) a path could slip past a gateway that closes some of them.
 *
 * Source: RFC 9112, section 3.2 (origin form, and the absolute form that every server must take).
 */
export function findEndpoint(target: string): EndpointPath | null {
  // Nearly always it is a path and nothing else.
  if (isEndpoint(target)) return target;
  const path = target.replace(/^https?:\/\/[^/?#]*/i, "").split("?", 1)[0] ?? "";
  return isEndpoint(path) ? path : null;
}
