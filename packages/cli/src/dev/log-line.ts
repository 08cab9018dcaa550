import { parseStrictJson, type JsonValue } from "@mero-tee/tdx-quote/json";

/** A line of JSON that a program printed. */
export type LogLine = ReadonlyMap<string, JsonValue>;

/** The line, if it is a JSON object whose member `key` has this value; null for every other line. */
export function logLine(line: string, key: string, value: string): LogLine | null {
  const json = parseStrictJson(line);
  if (!json.ok || !(json.value instanceof Map)) return null;
  const members = json.value as LogLine;
  return members.get(key) === value ? members : null;
}

/** A text in a line; null where it is missing. */
export function textMember(line: LogLine | null, key: string): string | null {
  const value = line?.get(key);
  return typeof value === "string" ? value : null;
}
