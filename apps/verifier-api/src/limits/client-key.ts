import type { TrustProxy } from "../config/trust-proxy.ts";
import { parseIpAddress, unwrapIpAddress } from "../outbound/ip-address.ts";

/** The header that Vercel sets on every request, whatever the caller sent. */
const VERCEL_ADDRESS = "x-vercel-forwarded-for";

/**
 * Whom a request counts for: the /24 of an IPv4 address, the /56 of an IPv6 address; callers without a known address count as one.
 *
 * @param peer - the address at the other end of the connection, where this process sees one
 */
export function clientKey(headers: Headers, peer: string | null, trustProxy: TrustProxy): string {
  const forwarded = trustProxy === "vercel" ? (headers.get(VERCEL_ADDRESS)?.split(",")[0]?.trim() ?? null) : null;
  const address = parseIpAddress(forwarded ?? peer ?? "");
  if (address === null) return "unknown";
  const bytes = unwrapIpAddress(address);
  return bytes.slice(0, bytes.length === 4 ? 3 : 7).join(".");
}
