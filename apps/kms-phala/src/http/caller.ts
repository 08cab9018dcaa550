import { isIPv4, isIPv6 } from "node:net";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "../admission.ts";
import { proxyCheck, type TrustedProxies } from "../config/trusted-proxies.ts";

/** Tells who asks. */
export type IdentifyCaller = (request: FastifyRequest, reply: FastifyReply) => Caller;

/**
 * Makes the function that tells callers apart. Without a word on proxies an address means nothing: behind a gateway
 * all nodes share one, and a limit on it would be a limit on all of them.
 */
export function identifyCallers(proxies: TrustedProxies | null): IdentifyCaller {
  const isProxy = proxies === null ? null : proxyCheck(proxies);
  return (request, reply) => {
    // A proxy that named nobody speaks for everybody behind it.
    const isKnown = isProxy !== null && !isProxy(request.ip);
    // The answer says who left, not the request: that one is closed once it has been read.
    const { raw } = reply;
    return {
      address: isKnown ? networkOf(request.ip) : null,
      hasLeft: () => raw.closed,
      onLeave(leave) {
        raw.once("close", leave);
        return () => raw.off("close", leave);
      },
    };
  };
}

/** What counts as one address: a customer of an IPv6 network has at least the 2^64 addresses of a /64. */
function networkOf(address: string): string | null {
  const mapped = address.toLowerCase().startsWith("::ffff:") ? address.slice(7) : address;
  if (isIPv4(mapped)) return mapped;
  if (!isIPv6(address)) return null;
  const [head = "", tail] = address.toLowerCase().split("%", 1)[0]?.split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const groups = [...left, ...Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => "0"), ...right];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":");
}
