import { quoteForeignText } from "@mero-tee/policy";
import { isJsonObject, jsonUnsigned, type JsonValue, parseStrictJson, toPlainJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import type { DocumentProblem, ProblemKind } from "./document-problem.ts";

/** Longest JSON document of a release, in bytes; SBOMs may be longer. Source: docs/releases.md, rule AS-07. */
export const DOCUMENT_LIMIT_BYTES: number = 5 * 1024 * 1024;

/** What was noted while one document was read. */
export interface DocumentReading {
  readonly file: string;
  readonly problems: DocumentProblem[];
  /** Paths of hex values in another spelling than the released one (lower case, no `0x`), which were normalised. */
  readonly respelled: string[];
}

/**
 * Reads a value of one kind, noting what is wrong.
 *
 * @returns null where a problem was noted; never null otherwise, since no released document has a null that means anything
 */
export type Shape<T> = (value: JsonValue, path: string, reading: DocumentReading) => T | null;

/** A member that may be absent. */
export interface OptionalShape<T> {
  readonly whenPresent: Shape<T>;
}

/** One shape for each member, in the order in which documents have them. */
export type Members<T> = {
  readonly [K in keyof T]-?: object extends Pick<T, K> ? OptionalShape<Exclude<T[K], undefined>> : Shape<T[K]>;
};

/** A document that was read. */
export interface ParsedDocument<T> {
  readonly value: T;
  readonly respelled: readonly string[];
}

/**
 * Reads a document of a release: strict JSON of one shape. Unknown members are kept behind the known ones, and otherwise
 * ignored; numbers that are not plain integers are refused wherever they stand.
 *
 * Errors: every problem in reading order, never only the first.
 * Source: docs/releases.md.
 */
export function parseDocument<T>(
  file: string,
  content: string | Uint8Array,
  shape: Shape<T>,
  maxBytes: number = DOCUMENT_LIMIT_BYTES,
): Result<ParsedDocument<T>, readonly DocumentProblem[]> {
  const json = parseStrictJson(content, { maxBytes });
  if (!json.ok) {
    const expected = `${json.error.reason} at byte ${json.error.offset}`;
    return err([{ code: "document-json-malformed", kind: "form", file, path: "", expected }]);
  }
  const reading: DocumentReading = { file, problems: [], respelled: [] };
  const value = shape(json.value, "", reading);
  return value === null || reading.problems.length > 0
    ? err(reading.problems)
    : ok({ value, respelled: reading.respelled });
}

/**
 * Writes a document in its released form: two spaces of indent, members in the order of their shape, one line feed at the end.
 */
export function documentText(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Notes a value of the wrong form. */
export function malformed(reading: DocumentReading, path: string, expected: string, kind: ProblemKind = "form"): null {
  reading.problems.push({ code: "document-field-malformed", kind, file: reading.file, path, expected });
  return null;
}

/** Any text. */
export const text: Shape<string> = (value, path, reading) =>
  typeof value === "string" ? value : malformed(reading, path, "a string");

/** Text that a parser understands. */
export function parsed<T>(parse: (text: string) => T | null, expected: string, kind: ProblemKind = "form"): Shape<T> {
  return (value, path, reading) => {
    const result = typeof value === "string" ? parse(value) : null;
    return result ?? malformed(reading, path, expected, kind);
  };
}

/** Text of a pattern. */
export function matching(pattern: RegExp, expected: string): Shape<string> {
  return parsed((value) => (pattern.test(value) ? value : null), expected);
}

/** One of a few words. */
export function word<const W extends string>(words: readonly W[]): Shape<W> {
  const expected = words.map((each) => JSON.stringify(each)).join(" or ");
  return parsed((value) => words.find((each) => each === value) ?? null, expected);
}

/** True or false. */
export const flag: Shape<boolean> = (value, path, reading) =>
  typeof value === "boolean" ? value : malformed(reading, path, "true or false");

/** `schema_version` of the one version that is read. */
export const schemaVersion: Shape<1> = (value, path, reading) => {
  if (jsonUnsigned(value, 1) === 1) return 1;
  reading.problems.push({
    code: "document-schema-version-unsupported",
    kind: "form",
    file: reading.file,
    path,
    expected: "the number 1",
  });
  return null;
};

/** A list of values of one shape; also an empty one. */
export function list<T>(entry: Shape<T>): Shape<readonly T[]> {
  return (value, path, reading) => {
    if (!Array.isArray(value)) return malformed(reading, path, "a list");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array of a JSON value
    const entries = (value as readonly JsonValue[]).map((each, index) => entry(each, `${path}[${index}]`, reading));
    return entries.every((each) => each !== null) ? entries : null;
  };
}

/** A member that may be absent. */
export function optional<T>(shape: Shape<T>): OptionalShape<T> {
  return { whenPresent: shape };
}

/** An object with these members, and perhaps others. */
export function object<T extends object>(members: Members<T>): Shape<T> {
  const shapes = Object.entries<Shape<unknown> | OptionalShape<unknown>>(members);
  return (value, path, reading) => {
    if (!isJsonObject(value)) return malformed(reading, path, "an object");
    const result: Record<string, unknown> = {};
    for (const [key, shape] of shapes) {
      const member = value.get(key);
      if (member !== undefined) {
        result[key] = (typeof shape === "function" ? shape : shape.whenPresent)(member, below(path, key), reading);
      } else if (typeof shape === "function") {
        noteMissing(reading, below(path, key), shape);
      }
    }
    for (const [key, member] of value) {
      if (Object.hasOwn(members, key)) continue;
      Object.defineProperty(result, key, { value: foreign(member, below(path, key), reading), ...PLAIN });
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- every required member was read, or a problem noted
    return result as T;
  };
}

/** A property like any other; by definition rather than assignment, so that a key `__proto__` is one too. */
const PLAIN = { writable: true, enumerable: true, configurable: true } as const;

/** What a missing member should have been is what its shape says about a value of no kind at all. */
function noteMissing(reading: DocumentReading, path: string, shape: Shape<unknown>): void {
  const asked: DocumentReading = { file: reading.file, problems: [], respelled: [] };
  shape(null, path, asked);
  const [{ expected, kind } = { expected: "which must be there", kind: "form" as const }] = asked.problems;
  reading.problems.push({ code: "document-field-missing", kind, file: reading.file, path, expected });
}

/** A member that no shape knows: kept, if it can be written again as it was. */
function foreign(value: JsonValue, path: string, reading: DocumentReading): unknown {
  noteOddNumbers(value, path, reading);
  return toPlainJson(value);
}

function noteOddNumbers(value: JsonValue, path: string, reading: DocumentReading): void {
  if (value === null || typeof value !== "object") return;
  if ("kind" in value) {
    if (!Number.isSafeInteger(value.value) || String(value.value) !== value.text)
      malformed(reading, path, "no number but a whole one");
  } else if (isJsonObject(value)) {
    for (const [key, member] of value) noteOddNumbers(member, below(path, key), reading);
  } else {
    for (const [index, member] of value.entries()) noteOddNumbers(member, `${path}[${index}]`, reading);
  }
}

function below(path: string, key: string): string {
  if (!/^[\w-]{1,64}$/.test(key)) return `${path}[${quoteForeignText(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
