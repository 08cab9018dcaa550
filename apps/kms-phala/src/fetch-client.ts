import type { FetchPort } from "@mero-tee/tdx-quote/collateral";
import { Agent, fetch } from "undici";

const CONNECT_TIMEOUT_MS = 5_000;

/**
 * Makes the one way out to the network: redirects and limits are the caller's, the time to connect is bounded here.
 *
 * @param caPem - certificates that those of servers must lead to, instead of the system's
 */
export function createFetchPort(caPem?: string): FetchPort {
  const trust = caPem === undefined ? {} : { ca: caPem };
  const dispatcher = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS, ...trust } });
  return (url, init) => fetch(url, { ...init, dispatcher });
}
