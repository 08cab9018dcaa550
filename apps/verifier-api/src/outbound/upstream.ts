import { err, type Result } from "@mero-tee/tdx-quote/result";
import { chooseAddresses, type Resolve } from "./choose-addresses.ts";
import { type Exchange, type ExchangePort, TARGET_LIMITS } from "./exchange.ts";
import { parseIpAddress } from "./ip-address.ts";

/** A request to a service that the operator chose when this one was deployed. */
interface UpstreamRequest {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly maxBytes: number;
  /** Longest time for each answer, in milliseconds; absent: the client's own. */
  readonly totalMs?: number;
  /** Hosts that a redirect may lead to, over https; absent: none is followed. */
  readonly redirectHosts?: ReadonlySet<string>;
}

/** Why a service did not answer; a status other than 200 is an answer. */
type UpstreamFailure = "timeout" | "failed";

/** Asks services that the operator chose. Never throws. */
export type Upstream = (request: UpstreamRequest) => Promise<Result<Exchange, UpstreamFailure>>;

const MAX_HOPS = 2;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What outgoing requests say of themselves; a request that comes in with the last of these is a loop. */
export const OUTGOING_HEADERS: Readonly<Record<string, string>> = {
  accept: "application/json",
  "accept-encoding": "identity",
  "user-agent": "mero-verifier (+https://github.com/calimero-network/mero-tee)",
  "x-mero-verifier": "1",
};

/**
 * Makes the client for services that the operator chose: the one that targets are asked with, but their addresses may be
 * private, and downloads of releases may redirect.
 *
 * Source: docs/verifier-api.md.
 */
export function createUpstream(exchange: ExchangePort, resolve: Resolve, totalMs: number): Upstream {
  const once = async (url: URL, request: UpstreamRequest): Promise<Result<Exchange, UpstreamFailure>> => {
    const isTls = url.protocol === "https:";
    const destination = {
      kind: "node" as const,
      origin: url.origin,
      host: url.hostname,
      port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
      isTls,
      literal: parseIpAddress(url.hostname.replace(/^\[(.*)\]$/, "$1")),
      mayBePrivate: true,
      mayBeUnauthorized: false,
    };
    const addresses = await chooseAddresses(destination, resolve);
    if (!addresses.ok) return err("failed");
    const limitMs = request.totalMs ?? totalMs;
    const answer = await exchange({
      destination: { ...destination, addresses: addresses.value },
      method: request.method ?? "GET",
      path: url.pathname + url.search,
      headers: { ...OUTGOING_HEADERS, ...request.headers },
      body: request.body ?? null,
      limits: { ...TARGET_LIMITS, firstByteMs: limitMs, totalMs: limitMs, maxBodyBytes: request.maxBytes },
    });
    return answer.ok ? answer : err(answer.error.code === "timeout" ? "timeout" : "failed");
  };
  return async (request) => {
    let url = new URL(request.url);
    for (let hops = 0; hops <= MAX_HOPS; hops += 1) {
      const answer = await once(url, request);
      if (!answer.ok || !REDIRECTS.has(answer.value.status) || request.redirectHosts === undefined) return answer;
      const next = URL.parse(answer.value.headers.get("location") ?? "", url.href);
      const isAllowed =
        next?.protocol === "https:" &&
        next.port === "" &&
        next.username === "" &&
        request.redirectHosts.has(next.hostname);
      if (!isAllowed) return err("failed");
      url = next;
    }
    return err("failed");
  };
}
