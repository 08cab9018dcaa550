import { failure, type Failure } from "../failure.ts";
import { err, ok, type Result } from "../result.ts";

/** Intel's Provisioning Certification Service; no key is needed for collateral. Source: Intel PCS API v4. */
export const INTEL_PCS_URL = "https://api.trustedservices.intel.com";

/**
 * Where Intel publishes the root CA CRL, also the distribution point in the root certificate. A constant: an address out
 * of a certificate that has not been verified must never be fetched.
 */
export const INTEL_ROOT_CA_CRL_URL = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

/** The end of a base URL as PCCS configurations commonly spell it; the paths of the service are added to what is before. */
const API_PATH = /\/(?:sgx|tdx)\/certification\/v4$/;

/**
 * Parses an address of a collateral service: absolute, `https` (or `http` where allowed), without credentials or fragment.
 *
 * Errors: `fetch-failed`, so that a bad setting is reported like an unreachable service.
 */
export function parseServiceUrl(text: string, allowHttp: boolean): Result<URL, Failure> {
  const url = URL.parse(text);
  if (url === null) return refuse("not an absolute URL");
  if (url.protocol !== "https:" && !(allowHttp && url.protocol === "http:")) return refuse("not https");
  if (url.username !== "" || url.password !== "") return refuse("credentials in the URL");
  if (url.hash !== "") return refuse("fragment in the URL");
  return ok(url);
}

/**
 * Parses the base URL of a PCS or PCCS: the part before `/sgx/certification/v4`, which may also be given.
 *
 * @returns the base without a trailing slash
 * Errors: `fetch-failed`.
 */
export function parseBaseUrl(text: string, allowHttp: boolean): Result<string, Failure> {
  const url = parseServiceUrl(text, allowHttp);
  if (!url.ok) return url;
  if (url.value.search !== "") {
    return refuse("query in the base URL");
  }
  return ok(url.value.origin + withoutTrailingSlash(withoutTrailingSlash(url.value.pathname).replace(API_PATH, "")));
}

function refuse(reason: string): Result<never, Failure> {
  return err(failure("fetch", "fetch-failed", { subject: "service URL", reason }));
}

function withoutTrailingSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
