import { MAX_UNIX_SECONDS } from "./utc-time.ts";

/**
 * Whether a number can be a time of judgement: whole Unix seconds of the years 1970 to 9999. Milliseconds by mistake are not.
 */
export function isValidInstant(now: number): boolean {
  return Number.isInteger(now) && now >= 0 && now <= MAX_UNIX_SECONDS;
}

/**
 * Refuses a time that cannot be one: with NaN no comparison would ever fail.
 *
 * Throws RangeError: a wrong time is a mistake of the caller, not a verdict on evidence.
 */
export function requireInstant(now: number): void {
  if (!isValidInstant(now)) throw new RangeError(`now must be whole Unix seconds, not ${now}`);
}
