import { describe, expect, test } from "vitest";
import {
  isJsonObject,
  jsonUnsigned,
  jsonValueRange,
  parseStrictJson,
  toPlainJson,
  type JsonValue,
} from "../src/json.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function parsed(text: string | Uint8Array): JsonValue {
  const result = parseStrictJson(text);
  if (!result.ok) throw new Error(result.error.reason);
  return result.value;
}

describe("documents that are read", () => {
  test.each([
    "null",
    " true ",
    "\t\r\nfalse\n",
    "0",
    "-0",
    "-12.50e+3",
    "1E5",
    '""',
    '"a\\u0000\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9é€😀"',
    '"\\ud83d\\ude00"',
    '"\u007f\u2028"',
    '"\\\\"',
    '["\\"","\\\\\\"\\\\",""]',
    "[]",
    "[ ]",
    "[1,[2,[]],{}]",
    "{}",
    "{ }",
    '{"a":1,"b":{"a":[null]},"":0," a":2}',
    '{ "a" : [ 1 , 2 ] , "b" : "" }',
    '{"a":0}',
    '{"a":9,"b":10 ,"c":12345678901234567890,"d":0.5,"e":1e3,"f":-1,"g":-0,"h":10E0}',
  ])("%s means what JSON.parse says", (text) => {
    expect(toPlainJson(parsed(text))).toEqual(JSON.parse(text));
    expect(toPlainJson(parsed(utf8(text)))).toEqual(JSON.parse(text));
  });

  test("numbers keep their spelling", () => {
    expect(parsed("[1, 1.0, 18446744073709551617]")).toEqual([
      { kind: "number", text: "1", value: 1 },
      { kind: "number", text: "1.0", value: 1 },
      { kind: "number", text: "18446744073709551617", value: 2 ** 64 },
    ]);
  });

  test("keys that name parts of prototypes are keys like all others", () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":2}';
    const value = parsed(text);
    expect(isJsonObject(value) && [...value.keys()]).toEqual(["__proto__", "constructor", "toString"]);
    const plain = Object(toPlainJson(value));
    expect(Object.getPrototypeOf(plain)).toBeNull();
    expect(Object.keys(plain)).toEqual(["__proto__", "constructor", "toString"]);
    expect("polluted" in {}).toBe(false);
  });
});

describe("documents that are refused", () => {
  test.each([
    { text: "", reason: "expected a value", offset: 0 },
    { text: "  ", reason: "expected a value", offset: 2 },
    { text: "\ufeff{}", reason: "expected a value", offset: 0 },
    { text: "{}x", reason: "text after the document", offset: 2 },
    { text: "{} {}", reason: "text after the document", offset: 3 },
    { text: "1 2", reason: "text after the document", offset: 2 },
    { text: "\u00a01", reason: "expected a value", offset: 0 },
    { text: "01", reason: "text after the document", offset: 1 },
    { text: "+1", reason: "expected a value", offset: 0 },
    { text: ".5", reason: "expected a value", offset: 0 },
    { text: '{"a":01}', reason: "expected a comma or the end of the object", offset: 6 },
    { text: '{"a":00,"b":1}', reason: "expected a comma or the end of the object", offset: 6 },
    { text: '{"a":1', reason: "expected a comma or the end of the object", offset: 6 },
    { text: '{"a":1:2}', reason: "expected a comma or the end of the object", offset: 6 },
    { text: '{"a":,"b":1}', reason: "expected a value", offset: 5 },
    { text: '{"a":}', reason: "expected a value", offset: 5 },
    { text: "1.", reason: "text after the document", offset: 1 },
    { text: "-", reason: "expected a value", offset: 0 },
    { text: "1e", reason: "text after the document", offset: 1 },
    { text: "NaN", reason: "expected a value", offset: 0 },
    { text: "Infinity", reason: "expected a value", offset: 0 },
    { text: "tru", reason: "expected a value", offset: 0 },
    { text: "nul", reason: "expected a value", offset: 0 },
    { text: "fals", reason: "expected a value", offset: 0 },
    { text: "'a'", reason: "expected a value", offset: 0 },
    { text: "[1,]", reason: "expected a value", offset: 3 },
    { text: "[1 2]", reason: "expected a comma or the end of the array", offset: 3 },
    { text: "[1", reason: "expected a comma or the end of the array", offset: 2 },
    { text: "[", reason: "expected a value", offset: 1 },
    { text: "{", reason: "expected a key", offset: 1 },
    { text: "{a:1}", reason: "expected a key", offset: 1 },
    { text: '{"a":1,}', reason: "expected a key", offset: 7 },
    { text: '{"a" 1}', reason: "expected a colon", offset: 5 },
    { text: '{"a":}', reason: "expected a value", offset: 5 },
    { text: '{"a":1 "b":2}', reason: "expected a comma or the end of the object", offset: 7 },
    { text: '{"a', reason: "unfinished string", offset: 3 },
    { text: '"a\\', reason: "unknown escape", offset: 2 },
    { text: '"é\\x"', reason: "unknown escape", offset: 3 },
    { text: '"\\u12"', reason: "unknown escape", offset: 1 },
    { text: '"\\u00g0"', reason: "unknown escape", offset: 1 },
    { text: '"a\nb"', reason: "control character in a string", offset: 2 },
    { text: '"\u0000"', reason: "control character in a string", offset: 1 },
    { text: '"\\n\n"', reason: "control character in a string", offset: 3 },
    { text: '"\\u00e9\\x"', reason: "unknown escape", offset: 7 },
    { text: '"\\n', reason: "unfinished string", offset: 3 },
    { text: '"\\"', reason: "unfinished string", offset: 3 },
    { text: '["\\\\\\"]', reason: "unfinished string", offset: 7 },
    { text: '["a\\"" 1]', reason: "expected a comma or the end of the array", offset: 7 },
    { text: "// comment\n1", reason: "expected a value", offset: 0 },
  ])("$text: $reason at $offset", ({ text, reason, offset }) => {
    expect(parseStrictJson(text)).toEqual({ ok: false, error: { reason, offset } });
    expect(parseStrictJson(utf8(text))).toEqual({ ok: false, error: { reason, offset } });
  });

  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":2,"\\u0061":3}',
    '{"x":[{"y":{"é":1,"\\u00e9":2}}]}',
    '{"/":1,"\\/":2}',
    '{"😀":1,"\\ud83d\\ude00":2}',
    '{"__proto__":1,"__proto__":2}',
    '{"":1,"":2}',
  ])("a key given twice is refused: %s", (text) => {
    expect(parseStrictJson(text)).toMatchObject({ ok: false, error: { reason: "duplicate key" } });
  });

  test.each([
    { name: "an escaped high surrogate alone", text: '"\\ud83d"' },
    { name: "an escaped low surrogate alone", text: '"\\ude00"' },
    { name: "escaped surrogates in the wrong order", text: '"\\ude00\\ud83d"' },
    { name: "an escaped high surrogate before a whole character", text: '"\\ud83d😀"' },
    { name: "an escaped lone surrogate in a key", text: '{"\\ud83d":1}' },
    { name: "a raw high surrogate", text: '"\ud83d"' },
  ])("$name is refused", ({ text }) => {
    expect(parseStrictJson(text)).toMatchObject({ ok: false, error: { reason: "lone surrogate" } });
  });

  test.each([
    { name: "a lone continuation byte", bytes: [0x22, 0x80, 0x22] },
    { name: "an overlong slash", bytes: [0x22, 0xc0, 0xaf, 0x22] },
    { name: "a surrogate spelled in UTF-8", bytes: [0x22, 0xed, 0xa0, 0x80, 0x22] },
    { name: "a cut character", bytes: [0x22, 0xe2, 0x82] },
    { name: "UTF-16", bytes: [0xff, 0xfe, 0x31, 0x00] },
  ])("$name is refused", ({ bytes }) => {
    expect(parseStrictJson(Uint8Array.from(bytes))).toEqual({
      ok: false,
      error: { reason: "invalid UTF-8", offset: 0 },
    });
  });

  test("a byte order mark in bytes is refused", () => {
    expect(parseStrictJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)).ok).toBe(false);
  });
});

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const nestedObjects = (depth: number): string => '{"a":'.repeat(depth) + "0" + "}".repeat(depth);

describe("limits", () => {
  test("32 levels are read, 33 are not", () => {
    expect(parseStrictJson(nested(32)).ok).toBe(true);
    expect(parseStrictJson(nested(33))).toMatchObject({ ok: false, error: { reason: "nested too deeply" } });
    expect(parseStrictJson(nestedObjects(32)).ok).toBe(true);
    expect(parseStrictJson(nestedObjects(33))).toMatchObject({ ok: false, error: { reason: "nested too deeply" } });
  });

  test("a depth of the caller holds, and none makes the reader overflow its stack", () => {
    expect(parseStrictJson(nested(3), { maxDepth: 2 }).ok).toBe(false);
    expect(parseStrictJson(nested(200), { maxDepth: 200 }).ok).toBe(true);
    expect(parseStrictJson(nested(100_000), { maxDepth: Infinity }).ok).toBe(false);
  });

  test("a document of 1 MiB is read, a longer one is not", () => {
    const text = `"${"a".repeat(1024 * 1024 - 2)}"`;
    expect(parseStrictJson(text).ok).toBe(true);
    expect(parseStrictJson(`${text} `)).toMatchObject({ ok: false, error: { reason: "too long" } });
    expect(parseStrictJson(utf8(`${text} `))).toMatchObject({ ok: false, error: { reason: "too long" } });
    expect(parseStrictJson("[1]", { maxBytes: 2 }).ok).toBe(false);
    expect(parseStrictJson("[1]", { maxBytes: 3 }).ok).toBe(true);
  });
});

describe("the range of a first-level value", () => {
  test.each([
    { text: '{"tcbInfo":{"a":1},"signature":"00"}', key: "tcbInfo", value: '{"a":1}' },
    { text: '{"é":"€😀", "tcbInfo" : { "é" : "😀" } , "signature":"00"}', key: "tcbInfo", value: '{ "é" : "😀" }' },
    { text: '{"\\u0061":[1, 2 ] }', key: "a", value: "[1, 2 ]" },
    { text: '{"a":{"b":1},"b":2}', key: "b", value: "2" },
    { text: '{"a":"x" ,"b":2}', key: "a", value: '"x"' },
  ])("of $key in $text is $value", ({ text, key, value }) => {
    const bytes = utf8(text);
    const range = jsonValueRange(bytes, key);
    if (!range.ok) throw new Error(range.error.reason);
    expect(new TextDecoder().decode(bytes.subarray(range.value.start, range.value.end))).toBe(value);
  });

  test.each([
    { name: "a key of a deeper level", text: '{"a":{"b":1}}' },
    { name: "an array of objects", text: '[{"b":1}]' },
    { name: "no object", text: '"b"' },
    { name: "the key twice", text: '{"b":1,"b":2}' },
    { name: "the key twice in two spellings", text: '{"b":1,"\\u0062":2}' },
    { name: "text after the document", text: '{"b":1}}' },
  ])("is refused for $name", ({ text }) => {
    expect(jsonValueRange(utf8(text), "b").ok).toBe(false);
  });

  test("is refused past a limit", () => {
    expect(jsonValueRange(utf8('{"b":1}'), "b", { maxBytes: 6 }).ok).toBe(false);
    expect(jsonValueRange(utf8('{"b":[]}'), "b", { maxDepth: 1 }).ok).toBe(false);
    expect(jsonValueRange(utf8('{"b":[]}'), "b", { maxDepth: 2, maxBytes: 8 }).ok).toBe(true);
  });
});

describe("unsigned integers", () => {
  test.each([
    { text: "0", value: 0 },
    { text: "255", value: 255 },
    { text: "65535", value: 65535 },
  ])("$text is read", ({ text, value }) => {
    expect(jsonUnsigned(parsed(text), 65535)).toBe(value);
  });

  test.each(["65536", "-1", "-0", "1.0", "1.5", "1e1", "10E0", '"3"', "true", "null", "[1]", "{}", "1e999"])(
    "%s is not an integer of 0..65535",
    (text) => {
      expect(jsonUnsigned(parsed(text), 65535)).toBeNull();
    },
  );

  test("the greatest exact integer is read, the next ones are not", () => {
    expect(jsonUnsigned(parsed("9007199254740991"), Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
    expect(jsonUnsigned(parsed("9007199254740992"), Number.MAX_SAFE_INTEGER)).toBeNull();
    expect(jsonUnsigned(parsed("9007199254740993"), Number.MAX_SAFE_INTEGER)).toBeNull();
    expect(jsonUnsigned(parsed("18446744073709551617"), Number.MAX_SAFE_INTEGER)).toBeNull();
  });

  test("a missing member is not an integer", () => {
    expect(jsonUnsigned(undefined, 1)).toBeNull();
  });
});
