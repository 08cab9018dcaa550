import { isDeepStrictEqual } from "node:util";
import { isJsonObject, jsonValueRange, parseStrictJson, toPlainJson, type JsonValue } from "@mero-tee/tdx-quote/json";
import { BYTE_MUTATORS } from "../mutators/bytes.ts";
import { jsonSpans } from "../mutators/json-spans.ts";
import { JSON_MUTATORS } from "../mutators/json.ts";
import { decodeText, promise, type FuzzTarget } from "../target.ts";
import { attemptOfReader } from "./outcome.ts";

/** What this reader refuses although `JSON.parse` takes it. */
const STRICTER: ReadonlySet<string> = new Set([
  "duplicate key",
  "nested too deeply",
  "lone surrogate",
  "invalid UTF-8",
  "too long",
]);

/** What `JSON.parse` makes of a text; undefined where it refuses. */
function readByJavaScript(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Objects of `JSON.parse` have a prototype, ours have none: compared with the prototypes gone, `__proto__` keys kept. */
function withoutPrototypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPrototypes);
  if (typeof value !== "object" || value === null) return value;
  const plain: Record<string, unknown> = Object.create(null);
  for (const [key, inner] of Object.entries(value)) plain[key] = withoutPrototypes(inner);
  return plain;
}

function innerValues(value: JsonValue): readonly JsonValue[] {
  if (isJsonObject(value)) return [...value.values()];
  return Array.isArray(value) ? value : [];
}

function depthOf(value: JsonValue): number {
  const isContainer = isJsonObject(value) || Array.isArray(value);
  return innerValues(value).reduce((deepest, inner) => Math.max(deepest, 1 + depthOf(inner)), isContainer ? 1 : 0);
}

function countKeys(value: JsonValue): number {
  return innerValues(value).reduce((sum, inner) => sum + countKeys(inner), isJsonObject(value) ? value.size : 0);
}

function inspectDocument(input: Uint8Array, value: JsonValue): void {
  const theirs = readByJavaScript(decodeText(input));
  promise(theirs !== undefined, "JSON.parse accepts what the strict reader accepts");
  promise(isDeepStrictEqual(withoutPrototypes(theirs), toPlainJson(value)), "JSON.parse reads the same document");
  promise(depthOf(value) <= 32, "nesting is bounded");
  const keys = jsonSpans(decodeText(input)).filter(({ kind }) => kind === "key").length;
  promise(countKeys(value) === keys, "every key of the text is a key of the document: none stands twice");
  if (!isJsonObject(value)) return;
  // Each range costs a reading of the whole document.
  for (const [key, inner] of [...value].slice(0, 4)) {
    const range = jsonValueRange(input, key);
    promise(range.ok, "a first-level key has a range");
    const cut = parseStrictJson(input.subarray(range.value.start, range.value.end));
    promise(
      cut.ok && isDeepStrictEqual(toPlainJson(cut.value), toPlainJson(inner)),
      "a range holds the value of its key",
    );
  }
}

/** The strict JSON reader, compared with `JSON.parse` in both directions. */
export const JSON_TARGET: FuzzTarget = {
  name: "json",
  seeds: (corpus) => [
    ...corpus.qeIdentities.slice(0, 8),
    ...corpus.dstackLogs.slice(0, 4),
    ...corpus.tcbInfos.slice(0, 4),
    ...corpus.collateral.slice(0, 2),
    ...['{"a":1,"b":[true,false,null],"c":{"d":"\\u00e9\\ud83d\\ude00"}}', "[]", "0", '""', " [ 1.5e3 , -0 ] "].map(
      (text) => new TextEncoder().encode(text),
    ),
  ],
  mutators: [...JSON_MUTATORS, ...JSON_MUTATORS, ...BYTE_MUTATORS],
  attempt: (input) =>
    attemptOfReader(
      parseStrictJson(input),
      input,
      toPlainJson,
      (value) => inspectDocument(input, value),
      (reason) => {
        const isStricter = STRICTER.has(reason) || decodeText(input).startsWith("\ufeff");
        promise(
          isStricter || readByJavaScript(decodeText(input)) === undefined,
          "the strict reader refuses no plain JSON",
        );
      },
    ),
};
