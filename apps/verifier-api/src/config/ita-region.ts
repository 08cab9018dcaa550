import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ITA_REGIONS } from "../wire/verify-answer.ts";
import { parseServiceBase } from "@mero-tee/release-artifacts";

/** A region of Intel Trust Authority. */
export type ItaRegion = (typeof ITA_REGIONS)[number];

const REGION_OF_HOST: ReadonlyMap<string, ItaRegion> = new Map([
  ["api.trustauthority.intel.com", "us"],
  ["portal.trustauthority.intel.com", "us"],
  ["api.eu.trustauthority.intel.com", "eu"],
  ["portal.eu.trustauthority.intel.com", "eu"],
  ["api.pilot.trustauthority.intel.com", "pilot"],
  ["portal.pilot.trustauthority.intel.com", "pilot"],
]);

/** The region of an address; for development a loopback address counts as one. */
export function regionOf(url: string, isProduction: boolean): ItaRegion | null {
  const { protocol, hostname } = new URL(url);
  if (protocol === "http:") return isProduction ? null : "us";
  return REGION_OF_HOST.get(hostname) ?? null;
}

/** Parses an address on a host of Intel Trust Authority. */
export function parseItaUrl(text: string, isProduction: boolean): Result<string, string> {
  const base = parseServiceBase(text);
  if (!base.ok) return base;
  return regionOf(base.value, isProduction) === null
    ? err("must be on a host of Intel Trust Authority")
    : ok(base.value);
}
