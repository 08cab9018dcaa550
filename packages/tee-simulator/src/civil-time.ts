import { utf8 } from "./byte-writer.ts";
import { derValue } from "./der-writer.ts";

const SECONDS_PER_DAY = 86_400;

interface CivilTime {
  readonly year: number;
  /** Month, day, hour, minute, second: two digits each. */
  readonly fields: readonly [string, string, string, string, string];
}

/**
 * The proleptic Gregorian calendar from Unix seconds, without the platform's clock type: the pure core never holds an
 * object that can read the time. Eras of 400 years, years beginning in March.
 */
function civilTime(unixSeconds: number): CivilTime {
  const days = Math.floor(unixSeconds / SECONDS_PER_DAY) + 719_468;
  const era = Math.floor(days / 146_097);
  const dayOfEra = days - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const secondOfDay = unixSeconds - Math.floor(unixSeconds / SECONDS_PER_DAY) * SECONDS_PER_DAY;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    fields: [
      two(month),
      two(day),
      two(Math.floor(secondOfDay / 3600)),
      two(Math.floor(secondOfDay / 60) % 60),
      two(secondOfDay % 60),
    ],
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** RFC 3339 in UTC with whole seconds, the form of Intel's signed documents: `2026-02-01T14:49:26Z`. */
export function formatDate(unixSeconds: number): string {
  const { year, fields } = civilTime(unixSeconds);
  const [month, day, hour, minute, second] = fields;
  return `${String(year).padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

/** UTCTime for 1950 to 2049, GeneralizedTime otherwise. Source: RFC 5280, section 4.1.2.5. */
export function derTime(unixSeconds: number): Uint8Array<ArrayBuffer> {
  const { year, fields } = civilTime(unixSeconds);
  const rest = `${fields.join("")}Z`;
  if (year >= 1950 && year < 2050) return derValue(0x17, utf8(two(year % 100) + rest));
  return derValue(0x18, utf8(String(year).padStart(4, "0") + rest));
}
