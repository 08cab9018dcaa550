import { formatRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";

/** An instant to the minute, as people read it: `2026-11-01 00:00 UTC`. */
export function readableTime(unixSeconds: number): string {
  return formatRfc3339Utc(unixSeconds).replace(/T(\d\d:\d\d).*$/, " $1 UTC");
}
