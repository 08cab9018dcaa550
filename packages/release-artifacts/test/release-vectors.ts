import { readFileSync } from "node:fs";

/** The text of one of the example documents. */
export function vectorText(name: string): string {
  return readFileSync(new URL(`vectors/release/${name}`, import.meta.url), "utf8");
}

/**
 * JSON text with one member changed, in the form of released documents.
 *
 * @param at - keys and indexes, separated by slashes
 * @param value - undefined removes the member
 */
export function jsonWith(content: string, at: string, value: unknown): string {
  return `${JSON.stringify(withMember(JSON.parse(content), at.split("/"), value), null, 2)}\n`;
}

function withMember(json: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(json)) {
    const entries: readonly unknown[] = json;
    const changed = entries.map((each, index) => (String(index) === key ? withMember(each, rest, value) : each));
    return Number(key) < entries.length ? changed.filter((each) => each !== undefined) : [...entries, value];
  }
  if (typeof json !== "object" || json === null) throw new Error(`nothing at ${path.join("/")}`);
  const members: Record<string, unknown> = { ...json };
  members[key] = withMember(members[key], rest, value);
  return members;
}
