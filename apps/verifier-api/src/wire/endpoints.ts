/** The methods of each endpoint, besides `OPTIONS`; `HEAD` is answered where `GET` is. */
export const ENDPOINTS = {
  "/api/verify": "POST",
  "/api/policy": "GET",
  "/api/node-policy": "GET",
  "/api/compat-map": "GET",
  "/api/releases": "GET",
  "/api/catalog": "GET",
  "/api/collateral": "GET",
  "/api/ita/keys": "GET",
  "/api/ita/appraise": "POST",
  "/api/health": "GET",
} as const;

/** The path of an endpoint. */
export type EndpointPath = keyof typeof ENDPOINTS;
