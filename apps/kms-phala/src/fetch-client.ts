import type { FetchPort } from "@mero-tee/tdx-quote/collateral";
import { Agent, fetch } from "undici";

const CONNECT_TIMEOUT_MS = 5_000;

/** Makes the one way out to the network: redirects and limits are the caller's, the time to connect is bounded here. */
export function createFetchPort(): FetchPort {
  const dispatcher = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  return (url, init) => fetch(url, { ...init, dispatcher });
}
