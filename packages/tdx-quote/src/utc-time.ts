/** The last second that four-digit years can name, 9999-12-31T23:59:59Z, in Unix seconds. */
export const MAX_UNIX_SECONDS = 253402300799;

/** Identifier octets of the two ASN.1 time types. */
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;

const SECONDS_PER_DAY = 86_400;
/** Days from 0000-03-01, where the count below begins, to 1970-01-01. */
const DAYS_BEFORE_1970 = 719_468;

/**
 * Reads a time of signed JSON: exactly `YYYY-MM-DDTHH:MM:SSZ` and a real time of the calendar.
 *
 * @returns Unix seconds (negative before 1970); null for everything else, so that no date compares as NaN
 * Source: RFC 3339, section 5.6, restricted to whole seconds in UTC; Intel PCS API, date-time fields.
 */
export function parseRfc3339Utc(text: string): number | null {
  if (text.length !== RFC_3339_FORM.length) return null;
  let stamp = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const form = RFC_3339_FORM.charCodeAt(index);
    if (form !== ZERO) {
      if (code !== form) return null;
    } else if (code >= ZERO && code <= NINE) stamp = stamp * 10 + code - ZERO;
    else return null;
  }
  return unixSeconds(stamp);
}

/** A zero stands for any digit. */
const RFC_3339_FORM = "0000-00-00T00:00:00Z";
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Writes Unix seconds as `YYYY-MM-DDTHH:MM:SSZ`.
 *
 * Throws RangeError for what is not a whole second of the years 0000 to 9999: every time in this package was parsed from one.
 */
export function formatRfc3339Utc(seconds: number): string {
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  const { year, month, day } = civilDate(days);
  if (!Number.isInteger(seconds) || year < 0 || year > 9999) throw new RangeError(`not a time to write: ${seconds}`);
  const rest = seconds - days * SECONDS_PER_DAY;
  const date = `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
  const time = `${padded(Math.floor(rest / 3600), 2)}:${padded(Math.floor(rest / 60) % 60, 2)}:${padded(rest % 60, 2)}`;
  return `${date}T${time}Z`;
}

/**
 * Reads the content of a UTCTime (`YYMMDDHHMMSSZ`, 00..49 = 20xx) or a GeneralizedTime (`YYYYMMDDHHMMSSZ`).
 *
 * @param tag - identifier octet, 0x17 or 0x18
 * @returns Unix seconds (negative before 1970); null for another tag, spelling or a time that does not exist
 * Source: RFC 5280, section 4.1.2.5.
 */
export function parseAsn1Time(tag: number, content: Uint8Array): number | null {
  const digits = tag === GENERALIZED_TIME ? 14 : 12;
  if ((tag !== UTC_TIME && tag !== GENERALIZED_TIME) || content.length !== digits + 1) return null;
  if (content.at(-1) !== 0x5a) return null;
  let stamp = 0;
  for (const byte of content.subarray(0, digits)) {
    if (byte < 0x30 || byte > 0x39) return null;
    stamp = stamp * 10 + byte - 0x30;
  }
  const century = stamp < 50 * YEAR_UNIT ? 20 : 19;
  return unixSeconds(tag === UTC_TIME ? stamp + century * 100 * YEAR_UNIT : stamp);
}

/** What the year counts for in the number `YYYYMMDDHHMMSS`. */
const YEAR_UNIT = 10_000_000_000;

/**
 * Unix seconds of a time given as the number that its 14 digits spell, `YYYYMMDDHHMMSS`; null when no calendar has it. A
 * leap second (`:60`) has no Unix second of its own.
 */
function unixSeconds(stamp: number): number | null {
  const pair = (unit: number): number => Math.floor(stamp / unit) % 100;
  const [year, month, day] = [Math.floor(stamp / YEAR_UNIT), pair(100_000_000), pair(1_000_000)];
  const [hour, minute, second] = [pair(10_000), pair(100), pair(1)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const days = daysSince1970(year, month, day);
  // A date that does not exist counts into the next month, and comes back as another one.
  const date = civilDate(days);
  if (date.year !== year || date.month !== month || date.day !== day) return null;
  return days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
}

/**
 * Days since 1970-01-01 in the proleptic Gregorian calendar. The year is counted from March, so that the leap day is its
 * last day and the lengths of the months before any month follow one formula.
 */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return 365 * y + leapDays + dayOfYear - DAYS_BEFORE_1970;
}

/** The inverse of {@link daysSince1970}. */
function civilDate(days: number): { readonly year: number; readonly month: number; readonly day: number } {
  const sinceMarch0000 = days + DAYS_BEFORE_1970;
  const era = Math.floor(sinceMarch0000 / 146_097);
  const dayOfEra = sinceMarch0000 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}
