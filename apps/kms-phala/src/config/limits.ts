import { parseTrustedProxies, type TrustedProxies } from "./trusted-proxies.ts";
import { integerBetween } from "./scalars.ts";
import type { SettingsReader } from "./settings.ts";
import type { AdmissionBounds } from "../admission.ts";

/** How much is done at once, and how long the rest may wait. */
export interface Limits {
  /** Quotes of this KMS for `/attest`. */
  readonly quotes: AdmissionBounds;
  /** Key releases, from the challenge to the key. */
  readonly releases: AdmissionBounds;
  /** Key releases among these that may wait for a fetch of collateral. */
  readonly maxCollateralWaits: number;
  /** Null: addresses mean nothing, and no limit is by address. */
  readonly trustedProxies: TrustedProxies | null;
}

/** Reads the limits. Waits are bounded so that what follows them still ends before a node gives up, after 30 s. */
export function readLimits(settings: SettingsReader): Limits {
  const maxPerAddress = settings.value("MAX_PER_ADDRESS", integerBetween(1, 10_000), 32);
  const releaseSlots = settings.value("MAX_RELEASES_IN_FLIGHT", integerBetween(2, 1_024), 96);
  const maxCollateralWaits = settings.value(
    "MAX_COLLATERAL_WAITS",
    integerBetween(1, 1_023),
    // Two thirds: the rest is left to nodes whose collateral is at hand.
    Math.max(1, Math.floor((releaseSlots * 2) / 3)),
  );
  if (maxCollateralWaits >= releaseSlots) {
    settings.refuse("setting-conflict", "MAX_COLLATERAL_WAITS", "must be less than MAX_RELEASES_IN_FLIGHT");
  }
  return {
    quotes: {
      slots: settings.value("MAX_QUOTES_IN_FLIGHT", integerBetween(1, 64), 8),
      maxWaiting: settings.value("MAX_QUOTES_WAITING", integerBetween(0, 10_000), 256),
      waitMs: settings.value("MAX_QUOTE_WAIT_SECS", integerBetween(1, 15), 10) * 1000,
      maxPerAddress,
    },
    releases: {
      slots: releaseSlots,
      maxWaiting: settings.value("MAX_RELEASES_WAITING", integerBetween(0, 10_000), 256),
      waitMs: settings.value("MAX_RELEASE_WAIT_SECS", integerBetween(1, 5), 5) * 1000,
      maxPerAddress,
    },
    maxCollateralWaits,
    trustedProxies: settings.value<TrustedProxies | null>("TRUSTED_PROXIES", parseTrustedProxies, null),
  };
}
