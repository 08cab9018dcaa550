import type { JsonValue } from "@mero-tee/tdx-quote/json";

/** A member of a JSON object; undefined where it is missing, and for everything that is no object. */
export function jsonMember(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isObject(value) ? value.get(key) : undefined;
}

function isObject(value: JsonValue | undefined): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}
