import type { JsonValue } from "@mero-tee/tdx-quote/json";
import type { Result } from "@mero-tee/tdx-quote/result";

import type { PolicyError } from "./policy-error.ts";

/** A JSON object with the path that leads to it, empty for the document itself. */
export interface DocumentObject {
  readonly path: string;
  readonly members: ReadonlyMap<string, JsonValue>;
}

/**
 * Reads optional members of a document and notes what is wrong with them, in reading order. A reader that has noted a
 * problem still returns values, so its user must look at {@link problems} before trusting any.
 */
export class DocumentReader {
  readonly problems: PolicyError[] = [];

  /** A member that must be text; null where it is absent or malformed. */
  text(object: DocumentObject, key: string): string | null {
    const value = object.members.get(key);
    if (value === undefined) return null;
    if (typeof value === "string") return value;
    return this.malformed(pathOf(object, key), "a string");
  }

  /** A member that must be an object; null where it is absent or malformed. */
  object(object: DocumentObject, key: string): DocumentObject | null {
    const value = object.members.get(key);
    if (value === undefined) return null;
    if (value instanceof Map) return { path: pathOf(object, key), members: value };
    return this.malformed(pathOf(object, key), "an object");
  }

  /** A member that must be a list of objects; null where the member is absent. Entries of another kind are left out. */
  objects(object: DocumentObject, key: string): readonly DocumentObject[] | null {
    const value = object.members.get(key);
    if (value === undefined) return null;
    if (!Array.isArray(value)) return this.malformed(pathOf(object, key), "a list of objects");
    return (value as readonly JsonValue[]).flatMap((members, index) => {
      const path = `${pathOf(object, key)}[${index}]`;
      return members instanceof Map ? { path, members } : (this.malformed(path, "an object") ?? []);
    });
  }

  /** A member that must be a list of texts, each parsed, without repeats; null where the member is absent. */
  list<T>(
    object: DocumentObject,
    key: string,
    parseEntry: (text: string, field: string) => Result<T, PolicyError>,
  ): readonly T[] | null {
    const value = object.members.get(key);
    if (value === undefined) return null;
    if (!Array.isArray(value)) return this.malformed(pathOf(object, key), "a list of strings");
    const entries = new Set<T>();
    for (const [index, text] of (value as readonly JsonValue[]).entries()) {
      const field = `${pathOf(object, key)}[${index}]`;
      if (typeof text !== "string") {
        this.malformed(field, "a string");
        continue;
      }
      const entry = parseEntry(text, field);
      if (entry.ok) entries.add(entry.value);
      else this.problems.push(entry.error);
    }
    return [...entries];
  }

  /** Notes a member of the wrong form. */
  malformed(field: string, expected: string): null {
    this.problems.push({ code: "policy-field-malformed", field, expected });
    return null;
  }
}

/** The path of a member, e.g. `policy.node_allowed_mrtd`. */
export function pathOf(object: DocumentObject, key: string): string {
  return object.path === "" ? key : `${object.path}.${key}`;
}
