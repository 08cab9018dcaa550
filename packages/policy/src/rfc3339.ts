/**
 * Reads a time of a release document: exactly `YYYY-MM-DDTHH:MM:SSZ`, and a real time of the calendar.
 *
 * @returns Unix seconds; null for everything else
 * Source: RFC 3339, section 5.6, restricted to whole seconds in UTC; mero-tee release families, common rules.
 */
export function parseRfc3339(text: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text)) return null;
  // oxlint-disable-next-line no-restricted-globals -- Reads a given time, never the clock.
  const time = new Date(text);
  const milliseconds = time.getTime();
  // A day that does not exist counts into the next month, and comes back as another one.
  if (Number.isNaN(milliseconds) || time.toISOString() !== text.replace("Z", ".000Z")) return null;
  return milliseconds / 1000;
}
