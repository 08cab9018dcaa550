import { err, ok, type Result } from "./result.ts";

/**
 * A JSON value. Objects are maps: their keys are data, so `__proto__` and `constructor` are keys like all others.
 * Strings are well-formed Unicode.
 */
export type JsonValue = null | boolean | JsonNumber | string | readonly JsonValue[] | ReadonlyMap<string, JsonValue>;

/**
 * A number with its spelling. `value` is the nearest double (`1e999` gives Infinity), so whoever needs an exact number
 * judges `text`: see {@link jsonUnsigned}.
 */
export interface JsonNumber {
  readonly kind: "number";
  readonly text: string;
  readonly value: number;
}

/** Why a text is not the JSON this reader accepts, and where: `offset` in bytes of UTF-8. */
export interface JsonError {
  readonly reason: string;
  readonly offset: number;
}

/** Bounds of a document, checked before and while it is read. */
export interface JsonLimits {
  /** Longest text accepted: bytes of a byte array, UTF-16 code units of a string. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Deepest nesting of arrays and objects. Default 32; at most 256, which keeps the recursion bounded. */
  readonly maxDepth?: number;
}

const DEFAULT_MAX_BYTES = 1024 * 1024;
const DEFAULT_MAX_DEPTH = 32;
const GREATEST_MAX_DEPTH = 256;

/**
 * Reads one JSON document strictly: no duplicate key in any object (also not in two spellings, `"a"` and `"\u0061"`),
 * no byte order mark, no invalid UTF-8, no lone surrogate (raw or escaped), nothing after the value but whitespace.
 * `JSON.parse` keeps the last of two equal keys where other readers keep the first, so a signed document could say one
 * thing to us and another to them.
 *
 * Errors: the reason and its offset. Time and memory are linear in the length.
 * Source: RFC 8259; RFC 7493 (I-JSON), sections 2.1 and 2.3.
 */
export function parseStrictJson(text: string | Uint8Array, limits: JsonLimits = {}): Result<JsonValue, JsonError> {
  const decoded = decodeText(text, limits.maxBytes ?? DEFAULT_MAX_BYTES);
  if (!decoded.ok) return decoded;
  const scanner = new JsonScanner(decoded.value, limits.maxDepth ?? DEFAULT_MAX_DEPTH);
  return scanner.finish(scanner.value(0));
}

/**
 * Finds the bytes of the value of a first-level key, for signatures over the text of an inner object. The whole document
 * is read as {@link parseStrictJson} reads it, so the key occurs exactly once.
 *
 * @returns `start` and `end` (exclusive), offsets in `bytes`, without surrounding whitespace
 * Errors: those of {@link parseStrictJson}; the document is no object; the key is missing.
 */
export function jsonValueRange(
  bytes: Uint8Array,
  key: string,
  limits: JsonLimits = {},
): Result<{ readonly start: number; readonly end: number }, JsonError> {
  const decoded = decodeText(bytes, limits.maxBytes ?? DEFAULT_MAX_BYTES);
  if (!decoded.ok) return decoded;
  const text = decoded.value;
  const scanner = new JsonScanner(text, limits.maxDepth ?? DEFAULT_MAX_DEPTH);
  const document = scanner.finish(scanner.value(0));
  if (!document.ok) return document;
  const range = scanner.firstLevel.get(key);
  if (range === undefined) return err({ reason: "the key is missing", offset: 0 });
  const start = utf8Length(text.slice(0, range.start));
  return ok({ start, end: start + utf8Length(text.slice(range.start, range.end)) });
}

/**
 * Reads a number as a non-negative integer in the one spelling that means the same to every reader: decimal digits
 * without sign, leading zero, fraction or exponent.
 *
 * @param max - greatest value accepted, at most `Number.MAX_SAFE_INTEGER`
 * @returns null for every other value, type or spelling
 */
export function jsonUnsigned(value: JsonValue | undefined, max: number): number | null {
  if (typeof value !== "object" || value === null || !("kind" in value)) return null;
  const { text, value: number } = value;
  // Compared with the one spelling that there is: no sign of zero, leading zero, fraction or exponent.
  return Number.isInteger(number) && number >= 0 && number <= max && String(number) === text ? number : null;
}

/** Whether a value is an object; `value instanceof Map` says the same, but does not narrow a read-only map. */
export function isJsonObject(value: JsonValue | undefined): value is ReadonlyMap<string, JsonValue> {
  return value instanceof Map;
}

/**
 * The same data as `JSON.parse` would give: numbers as doubles, objects without a prototype, so that no key reaches one.
 */
export function toPlainJson(value: JsonValue): unknown {
  if (typeof value !== "object" || value === null) return value;
  if ("kind" in value) return value.value;
  if (!isJsonObject(value)) return value.map(toPlainJson);
  const plain: Record<string, unknown> = Object.create(null);
  for (const [key, member] of value) plain[key] = toPlainJson(member);
  return plain;
}

/** The text of a document; valid UTF-8 maps one to one to well-formed text, a byte order mark stays a character. */
function decodeText(text: string | Uint8Array, maxBytes: number): Result<string, JsonError> {
  if (text.length > maxBytes) return err({ reason: "too long", offset: maxBytes });
  if (typeof text === "string") {
    return text.isWellFormed() ? ok(text) : err({ reason: "lone surrogate", offset: 0 });
  }
  try {
    return ok(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
  } catch {
    // The decoder says nothing but "not UTF-8".
    return err({ reason: "invalid UTF-8", offset: 0 });
  }
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** The characters of JSON's structure as UTF-16 code units. */
const MARK = {
  quote: 0x22,
  comma: 0x2c,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  arrayStart: 0x5b,
  backslash: 0x5c,
  arrayEnd: 0x5d,
  t: 0x74,
  f: 0x66,
  n: 0x6e,
  objectStart: 0x7b,
  objectEnd: 0x7d,
} as const;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** The characters that may follow a backslash, but for the `u` of four hex digits, as UTF-16 code units. */
const ESCAPED: ReadonlySet<number> = new Set(Array.from('"\\/bfnrt', (letter) => letter.charCodeAt(0)));
const LETTER_U = 0x75;

/** Whether a code unit is a digit; NaN, at the end of a text, is none. */
function isDigit(code: number): boolean {
  return code >= MARK.zero && code <= MARK.nine;
}

/** The text that a literal spells, quotes included; undefined where it is none. */
function decodedLiteral(literal: string): string | undefined {
  try {
    return String(JSON.parse(literal));
  } catch {
    // What is wrong is said in this reader's own words.
    return undefined;
  }
}

/** One reading of one text. Methods return undefined once something was refused; `finish` says what. */
class JsonScanner {
  /** Where the values of the outermost object stand, in code units. */
  readonly firstLevel = new Map<string, { readonly start: number; readonly end: number }>();
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;
  #refusal = "";

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = Math.min(maxDepth, GREATEST_MAX_DEPTH);
  }

  /** Reads a value and the whitespace before it; `depth` = number of arrays and objects around it. */
  value(depth: number): JsonValue | undefined {
    switch (this.#peek()) {
      case MARK.objectStart:
        return this.#object(depth + 1);
      case MARK.arrayStart:
        return this.#array(depth + 1);
      case MARK.quote:
        return this.#string();
      case MARK.t:
        return this.#word("true", true);
      case MARK.f:
        return this.#word("false", false);
      case MARK.n:
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  /** Ends the reading: only whitespace may follow the document. */
  finish(document: JsonValue | undefined): Result<JsonValue, JsonError> {
    if (document !== undefined && Number.isNaN(this.#peek())) return ok(document);
    const reason = document === undefined ? this.#refusal : "text after the document";
    return err({ reason, offset: utf8Length(this.#text.slice(0, this.#at)) });
  }

  #object(depth: number): ReadonlyMap<string, JsonValue> | undefined {
    if (depth > this.#maxDepth) return this.#refuse("nested too deeply");
    const members = new Map<string, JsonValue>();
    this.#at += 1;
    if (this.#takes(MARK.objectEnd)) return members;
    do {
      if (this.#peek() !== MARK.quote) return this.#refuse("expected a key");
      const key = this.#string();
      if (key === undefined) return undefined;
      if (members.has(key)) return this.#refuse("duplicate key");
      if (!this.#takes(MARK.colon)) return this.#refuse("expected a colon");
      this.#peek();
      const start = this.#at;
      const value = this.value(depth);
      if (value === undefined) return undefined;
      members.set(key, value);
      if (depth === 1) this.firstLevel.set(key, { start, end: this.#at });
    } while (this.#takes(MARK.comma));
    return this.#takes(MARK.objectEnd) ? members : this.#refuse("expected a comma or the end of the object");
  }

  #array(depth: number): readonly JsonValue[] | undefined {
    if (depth > this.#maxDepth) return this.#refuse("nested too deeply");
    const values: JsonValue[] = [];
    this.#at += 1;
    if (this.#takes(MARK.arrayEnd)) return values;
    do {
      const value = this.value(depth);
      if (value === undefined) return undefined;
      values.push(value);
    } while (this.#takes(MARK.comma));
    return this.#takes(MARK.arrayEnd) ? values : this.#refuse("expected a comma or the end of the array");
  }

  #string(): string | undefined {
    const text = this.#text;
    const start = this.#at + 1;
    for (let at = start; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === MARK.quote) {
        this.#at = at + 1;
        return text.slice(start, at);
      }
      if (code === MARK.backslash) return this.#escapedString();
      if (code < 0x20) break;
    }
    return this.#refuseString();
  }

  /** A string with escapes. Not piece by piece: a signed document inside a string has a thousand escaped quotes. */
  #escapedString(): string | undefined {
    const end = this.#endOfString();
    const decoded = decodedLiteral(this.#text.slice(this.#at, end));
    if (decoded === undefined) return this.#refuseString();
    this.#at = end;
    // The text itself is well-formed, and quotes cut it between characters: only escapes can do harm.
    return decoded.isWellFormed() ? decoded : this.#refuse("lone surrogate");
  }

  /** The place after the first quote that no backslash escapes; that of the text where there is none. */
  #endOfString(): number {
    const text = this.#text;
    let at = this.#at;
    for (;;) {
      at = text.indexOf('"', at + 1);
      if (at < 0) return text.length;
      let before = at - 1;
      while (text.charCodeAt(before) === MARK.backslash) before -= 1;
      if ((at - before) % 2 === 1) return at + 1;
    }
  }

  /** Says what is wrong first in a string that is none. */
  #refuseString(): undefined {
    const text = this.#text;
    for (let at = this.#at + 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code < 0x20) {
        this.#at = at;
        return this.#refuse("control character in a string");
      }
      if (code === MARK.backslash) {
        const length = this.#escapeLength(at);
        if (length === undefined) return undefined;
        at += length - 1;
      }
    }
    this.#at = text.length;
    return this.#refuse("unfinished string");
  }

  #escapeLength(at: number): number | undefined {
    const letter = this.#text.charCodeAt(at + 1);
    if (ESCAPED.has(letter)) return 2;
    if (letter === LETTER_U && /^[0-9a-fA-F]{4}$/.test(this.#text.slice(at + 2, at + 6))) return 6;
    this.#at = at;
    return this.#refuse("unknown escape");
  }

  #number(): JsonNumber | undefined {
    return this.#plainInteger() ?? this.#anyNumber();
  }

  /** A number of digits alone before the next member or the end of the object, as nearly all are; undefined for every other one. */
  #plainInteger(): JsonNumber | undefined {
    const start = this.#at;
    let end = start;
    let next = this.#text.charCodeAt(end);
    while (isDigit(next)) {
      end += 1;
      next = this.#text.charCodeAt(end);
    }
    const hasLeadingZero = end > start + 1 && this.#text.charCodeAt(start) === MARK.zero;
    if (end === start || hasLeadingZero || (next !== MARK.comma && next !== MARK.objectEnd)) return undefined;
    this.#at = end;
    const text = this.#text.slice(start, end);
    return { kind: "number", text, value: Number(text) };
  }

  #anyNumber(): JsonNumber | undefined {
    NUMBER.lastIndex = this.#at;
    // Faster than a match with its text, of which documents have thousands.
    if (!NUMBER.test(this.#text)) return this.#refuse("expected a value");
    const text = this.#text.slice(this.#at, NUMBER.lastIndex);
    this.#at = NUMBER.lastIndex;
    return { kind: "number", text, value: Number(text) };
  }

  #word<W extends boolean | null>(word: string, value: W): W | undefined {
    if (!this.#text.startsWith(word, this.#at)) return this.#refuse("expected a value");
    this.#at += word.length;
    return value;
  }

  /** Steps over whitespace, and over `mark` when it comes next. */
  #takes(mark: number): boolean {
    if (this.#peek() !== mark) return false;
    this.#at += 1;
    return true;
  }

  /** Steps over whitespace; the code unit after it, NaN at the end. */
  #peek(): number {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.#at += 1;
    }
  }

  #refuse(reason: string): undefined {
    this.#refusal = reason;
    return undefined;
  }
}
