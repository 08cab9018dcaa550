import type { TrustedProxies } from "./trusted-proxies.ts";
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
  const maxPerAddress = settings.value("MAX_PER_ADDRESS");
  const releaseSlots = settings.value("MAX_RELEASES_IN_FLIGHT");
  const maxCollateralWaits =
    settings.text("MAX_COLLATERAL_WAITS") === undefined
      ? // Two thirds: the rest is left to nodes whose collateral is at hand.
        Math.max(1, Math.floor((releaseSlots * 2) / 3))
      : settings.value("MAX_COLLATERAL_WAITS");
  if (maxCollateralWaits >= releaseSlots) {
    settings.refuse("setting-conflict", "MAX_COLLATERAL_WAITS", "must be less than MAX_RELEASES_IN_FLIGHT");
  }
  return {
    quotes: {
      slots: settings.value("MAX_QUOTES_IN_FLIGHT"),
      maxWaiting: settings.value("MAX_QUOTES_WAITING"),
      waitMs: settings.value("MAX_QUOTE_WAIT_SECS") * 1000,
      maxPerAddress,
    },
    releases: {
      slots: releaseSlots,
      maxWaiting: settings.value("MAX_RELEASES_WAITING"),
      waitMs: settings.value("MAX_RELEASE_WAIT_SECS") * 1000,
      maxPerAddress,
    },
    maxCollateralWaits,
    trustedProxies: settings.value("TRUSTED_PROXIES"),
  };
}
