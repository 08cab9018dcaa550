import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** A Redis: `rediss://`, or `redis://` to a loopback address, which may carry credentials. */
export function parseRateLimitUrl(text: string): Result<string, string> {
  const url = URL.parse(text);
  const isLoopback = url !== null && /^(?:127(?:\.[0-9]{1,3}){3}|\[::1\])$/.test(url.hostname);
  const isUsable = url !== null && (url.protocol === "rediss:" || (url.protocol === "redis:" && isLoopback));
  return isUsable && url.hostname !== ""
    ? ok(url.href)
    : err("must be rediss://…, or redis:// to a loopback IP address");
}
