import { type ItaRegion, regionOf } from "./ita-region.ts";
import type { SettingsReader } from "./settings.ts";

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

/** Reads the settings of the second opinion. Source: docs/verifier-api.md. */
export function readItaSettings(settings: SettingsReader, isProduction: boolean): ItaSettings {
  const appraisalUrl = settings.value("ITA_APPRAISAL_URL");
  const portalUrl = settings.value("ITA_PORTAL_URL");
  const region = regionOf(appraisalUrl, isProduction) ?? "us";
  if (region !== regionOf(portalUrl, isProduction)) {
    settings.refuse("ITA_PORTAL_URL", "must be of the same region as ITA_APPRAISAL_URL");
  }
  return {
    apiKey: settings.value("ITA_API_KEY"),
    appraisalUrl,
    portalUrl,
    region,
    policyIds: settings.value("ITA_POLICY_IDS") ?? [],
    corsOrigins: settings.value("CORS_ITA_ORIGINS") ?? [],
  };
}
