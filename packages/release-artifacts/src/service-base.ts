import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/**
 * Parses the base URL of a service that gives signed documents, collateral or releases: `https`, or `http` to a loopback address
 * (on the same machine). What they give is signed, but its absence is not: over plain `http` anyone on the way decides what is
 * newest. No credentials, query or fragment; the value has no trailing slash.
 *
 * Errors: the rest of a sentence that begins with the name of a setting, `must be a URL`.
 */
export function parseServiceBase(text: string): Result<string, string> {
  const url = URL.parse(text);
  if (url === null) return err("must be a URL");
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    return err("must be an https URL, or http to a loopback IP address");
  }
  if (url.username !== "" || url.password !== "") return err("must not carry credentials");
  if (/[?#]/.test(text)) return err("must not have a query or a fragment");
  return ok(url.href.replace(/\/+$/, ""));
}

// `localhost` by name does not count: a resolver decides what it means.
function isLoopback(hostname: string): boolean {
  return hostname === "[::1]" || /^127(?:\.[0-9]{1,3}){3}$/.test(hostname);
}
