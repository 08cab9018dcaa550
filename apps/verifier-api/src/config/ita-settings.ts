import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ITA_REGIONS } from "../wire/verify-answer.ts";
import { parseServiceBase } from "./service-base.ts";
import type { AreaReader } from "./settings.ts";
import { parseOrigins, parseSecret, parseUuids } from "./scalars.ts";

/** A region of Intel Trust Authority. */
type ItaRegion = (typeof ITA_REGIONS)[number];

/** How Intel Trust Authority is asked. */
export interface ItaSettings {
  /** Null: there is no second opinion. */
  readonly apiKey: string | null;
  readonly appraisalUrl: string;
  readonly portalUrl: string;
  readonly region: ItaRegion;
  readonly policyIds: readonly string[];
  /** Origins of other sites whose visitors may have it asked. */
  readonly corsOrigins: readonly string[];
}

const REGION_OF_HOST: ReadonlyMap<string, ItaRegion> = new Map([
  ["api.trustauthority.intel.com", "us"],
  ["portal.trustauthority.intel.com", "us"],
  ["api.eu.trustauthority.intel.com", "eu"],
  ["portal.eu.trustauthority.intel.com", "eu"],
  ["api.pilot.trustauthority.intel.com", "pilot"],
  ["portal.pilot.trustauthority.intel.com", "pilot"],
]);

/** The region of an address; for development a loopback address counts as one. */
function regionOf(url: string, isProduction: boolean): ItaRegion | null {
  const { protocol, hostname } = new URL(url);
  if (protocol === "http:") return isProduction ? null : "us";
  return REGION_OF_HOST.get(hostname) ?? null;
}

/** Reads the settings of the second opinion. Source: mero-tee public verifier, environment. */
export function readItaSettings(settings: AreaReader, isProduction: boolean): ItaSettings {
  const ofIntel = (text: string): Result<string, string> => {
    const base = parseServiceBase(text);
    if (!base.ok) return base;
    return regionOf(base.value, isProduction) === null
      ? err("must be on a host of Intel Trust Authority")
      : ok(base.value);
  };
  const appraisalUrl = settings.value(
    "ITA_APPRAISAL_URL",
    ofIntel,
    "https://api.trustauthority.intel.com/appraisal/v2/attest",
  );
  const portalUrl = settings.value("ITA_PORTAL_URL", ofIntel, "https://portal.trustauthority.intel.com");
  const region = regionOf(appraisalUrl, isProduction) ?? "us";
  if (region !== regionOf(portalUrl, isProduction)) {
    settings.refuse("ITA_PORTAL_URL", "must be of the same region as ITA_APPRAISAL_URL");
  }
  return {
    apiKey: settings.value<string | null>("ITA_API_KEY", parseSecret, null),
    appraisalUrl,
    portalUrl,
    region,
    policyIds: settings.value<readonly string[]>("ITA_POLICY_IDS", parseUuids, []),
    corsOrigins: settings.value<readonly string[]>("CORS_ITA_ORIGINS", parseOrigins, []),
  };
}
