import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/**
 * Parses the base URL of a service that this one asks: `https`, or `http` to a loopback address. No credentials, query or
 * fragment; the value has no trailing slash.
 */
export function parseServiceBase(text: string): Result<string, string> {
  const url = URL.parse(text);
  if (url === null) return err("must be a URL");
  const isLoopback = url.hostname === "[::1]" || /^127(?:\.[0-9]{1,3}){3}$/.test(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback)) {
    return err("must be an https URL, or http to a loopback IP address");
  }
  if (url.username !== "" || url.password !== "" || /[?#]/.test(text)) {
    return err("must have neither credentials nor a query nor a fragment");
  }
  return ok(url.href.replace(/\/+$/, ""));
}
