import { type Result, err, ok } from "@mero-tee/tdx-quote/result";

/** Deepest nesting of arrays and objects in a body. Source: docs/protocol.md. */
export const JSON_DEPTH_LIMIT = 128;

/** What is wrong with the shape of a JSON body. */
export type ShapeProblem = "not-an-object" | "missing" | "duplicate" | "wrong-type";

/** Why a body cannot be read: not JSON at all, or JSON of another shape. */
export type JsonBodyError =
  | { readonly kind: "not-json" }
  | { readonly kind: "shape"; readonly field: string | null; readonly problem: ShapeProblem };

/** Known members of a body that are there, by name. Values are plain JSON. */
export type KnownMembers<Name extends string> = ReadonlyMap<Name, unknown>;

/**
 * Reads the known members of a JSON object and ignores all others, repeated ones included, as the wire demands. A known
 * member that occurs twice is refused: readers disagree about which of the two counts.
 *
 * The house's strict reader is not used here because it refuses what the wire ignores. Members are found by scanning the
 * text and read as own properties, so `__proto__` is a name like any other.
 *
 * @param body - bytes as received; invalid UTF-8, a byte order mark, trailing text and deeper nesting are not JSON
 * Time and memory are linear in the length; the caller bounds it.
 * Source: docs/protocol.md.
 */
export function readKnownMembers<Name extends string>(
  body: Uint8Array,
  names: readonly Name[],
): Result<KnownMembers<Name>, JsonBodyError> {
  const text = decodeUtf8(body);
  const document = text === null ? undefined : parseJson(text);
  if (text === null || document === undefined) return err({ kind: "not-json" });
  const { depth, keys } = outline(text);
  if (depth > JSON_DEPTH_LIMIT) return err({ kind: "not-json" });
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    return err({ kind: "shape", field: null, problem: "not-an-object" });
  }
  const members = new Map<Name, unknown>();
  for (const name of names) {
    const occurrences = keys.reduce((count, key) => (key === name ? count + 1 : count), 0);
    if (occurrences > 1) return err({ kind: "shape", field: name, problem: "duplicate" });
    const value: unknown = Object.getOwnPropertyDescriptor(document, name)?.value;
    if (occurrences === 1) members.set(name, value);
  }
  return ok(members);
}

/** A member that must be a string. */
export function requiredText<Name extends string>(
  members: KnownMembers<Name>,
  name: Name,
): Result<string, JsonBodyError> {
  const value = members.get(name);
  if (typeof value === "string") return ok(value);
  return err({ kind: "shape", field: name, problem: members.has(name) ? "wrong-type" : "missing" });
}

// The mark is kept, so that it is refused as text before the document.
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return UTF8.decode(bytes);
  } catch {
    // Not UTF-8; the decoder has nothing more to say.
    return null;
  }
}

/** The document, or undefined, which no JSON text means. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON. The parser's message would repeat parts of the text.
    return undefined;
  }
}

/** Nesting depth and first-level keys (repeats included) of a text that is known to be JSON. */
function outline(text: string): { readonly depth: number; readonly keys: readonly string[] } {
  const keys: string[] = [];
  let level = 0;
  let depth = 0;
  let lastString = '""';
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === '"') {
      const end = stringEnd(text, at);
      if (level === 1) lastString = text.slice(at, end + 1);
      at = end;
    } else if (character === ":" && level === 1) {
      keys.push(String(JSON.parse(lastString)));
    } else if (character === "{" || character === "[") {
      level += 1;
      depth = Math.max(depth, level);
    } else if (character === "}" || character === "]") {
      level -= 1;
    }
  }
  return { depth, keys };
}

/** Index of the quotation mark that ends the string beginning at `start`: the first one that no backslash stands for. */
function stringEnd(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** Whether an odd number of backslashes stands before a character of a string; the first of two is for the second. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charAt(at - 1 - backslashes) === "\\") backslashes += 1;
  return backslashes % 2 === 1;
}
