import { isValidInstant, parseRfc3339Utc } from "@mero-tee/tdx-quote";

const PATTERN = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Reads an RFC 3339 time as people write it: in UTC (`Z`) or with a numeric offset; a fraction of a second is dropped
 * (rounded down).
 *
 * @returns Unix seconds; null for anything else, for times that no calendar has, and for those before 1970
 * Source: RFC 3339 section 5.6.
 */
export function parseRfc3339(text: string): number | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [, date, time, sign, hours = "0", minutes = "0"] = match;
  const local = parseRfc3339Utc(`${date ?? ""}T${time ?? ""}Z`);
  if (local === null || Number(hours) > 23 || Number(minutes) > 59) return null;
  const offsetSeconds = (Number(hours) * 60 + Number(minutes)) * 60;
  const instant = sign === "-" ? local + offsetSeconds : local - offsetSeconds;
  return isValidInstant(instant) ? instant : null;
}
