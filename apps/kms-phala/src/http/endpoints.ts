/** The paths of the service and the methods that each answers, as `Allow` names them. */
export const ENDPOINTS = {
  "/health": "GET, HEAD",
  "/challenge": "POST",
  "/get-key": "POST",
  "/attest": "POST",
} as const;

/** One of the paths of {@link ENDPOINTS}. */
export type EndpointPath = keyof typeof ENDPOINTS;

function isEndpoint(path: string): path is EndpointPath {
  return Object.hasOwn(ENDPOINTS, path);
}

/** The endpoint that a request target names, without its query; null for every other path. */
export function findEndpoint(target: string): EndpointPath | null {
  const path = target.split("?", 1)[0] ?? "";
  return isEndpoint(path) ? path : null;
}
