import {
  type CollateralChannel,
  type CollateralSource,
  createPcsClient,
  type FetchPort,
} from "@mero-tee/tdx-quote/collateral";
import type { CollateralOrigin } from "../config/collateral-settings.ts";
import { createFileCollateralSource } from "./collateral-file-store.ts";

/**
 * How long a key release may wait for collateral, and the sources may take together. Beside it a release waits its turn
 * (5 s), for the challenge store (2.5 s) and twice for the guest agent (6 s each), and a node gives up after 30 s.
 */
export const COLLATERAL_WAIT_MS = 9_000;

/** The ways to the network that sources use. */
export interface CollateralPorts {
  readonly fetch: FetchPort;
  /** Trusts what the operator says a PCCS's certificate leads to. */
  readonly fetchFromPccs: FetchPort;
}

/** Makes the sources of one channel, in the order of the settings. They share the time that there is. */
export function createCollateralSources(
  origins: readonly CollateralOrigin[],
  channel: CollateralChannel,
  { fetch, fetchFromPccs }: CollateralPorts,
): readonly CollateralSource[] {
  const services = origins.filter(({ kind }) => kind !== "files").length;
  const timeoutMs = Math.floor(COLLATERAL_WAIT_MS / Math.max(1, services));
  // The standard edition is what services give when they are asked for none, older ones too.
  const edition = channel === "early" ? { timeoutMs, update: channel } : { timeoutMs };
  return origins.map((origin): CollateralSource => {
    switch (origin.kind) {
      case "intel":
        return { name: "intel", ...createPcsClient({ fetch, ...edition }) };
      case "pccs":
        return {
          name: `pccs ${new URL(origin.url).host}`,
          // Plain http only ever reaches a loopback address: the setting's parser refuses any other.
          ...createPcsClient({ fetch: fetchFromPccs, baseUrl: origin.url, allowHttp: true, ...edition }),
        };
      case "files":
        return createFileCollateralSource(origin.directory, channel);
      default:
        return origin satisfies never;
    }
  });
}
