/** A scalar of a configuration file, under its nearest key. */
export interface ScalarAt {
  /** The key that it stands under, or that the list stands under which holds it. */
  readonly key: string;
  readonly text: string;
}

const MAX_DEPTH = 64;

/** Every scalar of a parsed YAML or JSON file; what is nested deeper than 64 levels is given as a key named `…`. */
export function entriesBelow(value: unknown, key = "", depth = 0): readonly ScalarAt[] {
  if (depth > MAX_DEPTH) return [{ key: "…", text: "" }];
  if (Array.isArray(value)) {
    const entries: readonly unknown[] = value;
    return entries.flatMap((each) => entriesBelow(each, key, depth + 1));
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([name, member]) => entriesBelow(member, name, depth + 1));
  }
  if (typeof value === "string") return [{ key, text: value }];
  return [{ key, text: typeof value === "number" || typeof value === "boolean" ? String(value) : "" }];
}
