import { formatRfc3339Utc, parseRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";

/**
 * Instants of this package are in Unix milliseconds: certificate logs count in them, and the windows of trusted roots end at
 * `.999`. What is finer is cut off.
 */
const MS_PER_SECOND = 1000;

/** When something may be used, both ends included, in Unix milliseconds; an open end is infinite. */
export interface UnixMsWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Reads `2022-12-31T23:59:59Z` or `…59.999Z`; null for everything else. Source: RFC 3339, section 5.6. */
export function parseRfc3339Ms(text: string): number | null {
  const [, whole = "", fraction = ""] = /^(.{19})(?:\.(\d{1,9}))?Z$/.exec(text) ?? [];
  const seconds = parseRfc3339Utc(`${whole}Z`);
  return seconds === null ? null : seconds * MS_PER_SECOND + milliseconds(fraction);
}

/** The milliseconds of a decimal fraction of a second. */
export function milliseconds(fraction: string): number {
  return Number(fraction.slice(0, 3).padEnd(3, "0"));
}

/** Spells an instant to the second, for people and for JSON. */
export function formatUnixMs(unixMs: number): string {
  return formatRfc3339Utc(Math.floor(unixMs / MS_PER_SECOND));
}

/** Whether an instant lies in a window. */
export function isInWindow({ fromMs, toMs }: UnixMsWindow, unixMs: number): boolean {
  return fromMs <= unixMs && unixMs <= toMs;
}
