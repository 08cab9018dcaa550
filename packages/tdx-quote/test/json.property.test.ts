import * as fc from "fast-check";
import { expect, test } from "vitest";
import { jsonValueRange, parseStrictJson, toPlainJson } from "../src/json.ts";

test("every JSON document that JSON.stringify writes is read as JSON.parse reads it", () => {
  fc.assert(
    fc.property(fc.json({ depthSize: "small", stringUnit: "grapheme" }), (text) => {
      const result = parseStrictJson(text, { maxDepth: 64 });
      expect(result.ok && JSON.stringify(toPlainJson(result.value))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("whatever is accepted, JSON.parse accepts with the same meaning", () => {
  const nearlyJson = fc
    .array(
      fc.constantFrom(
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        '"',
        '"a"',
        '"b"',
        "\\u0061",
        "\\",
        "1",
        "-",
        ".",
        "e",
        "null",
        " ",
      ),
      { maxLength: 16 },
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(nearlyJson, (text) => {
      const result = parseStrictJson(text);
      const read = result.ok ? JSON.stringify(toPlainJson(result.value)) : null;
      expect(read).toBe(result.ok ? JSON.stringify(JSON.parse(text)) : null);
    }),
    { numRuns: 5000 },
  );
});

test("no bytes make the reader throw", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, key) => {
      expect(typeof parseStrictJson(bytes).ok).toBe("boolean");
      expect(typeof jsonValueRange(bytes, key).ok).toBe("boolean");
    }),
  );
});

test("the range of a member holds exactly its value", () => {
  const spaces = fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\r"), maxLength: 3 });
  const member = fc.tuple(fc.string({ unit: "grapheme" }), fc.jsonValue({ depthSize: "xsmall" }), spaces);
  fc.assert(
    fc.property(fc.uniqueArray(member, { selector: ([key]) => key, minLength: 1, maxLength: 5 }), (members) => {
      const text = `{${members.map(([key, value, gap]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${JSON.stringify(value)}${gap}`).join(",")}}`;
      const bytes = new TextEncoder().encode(text);
      for (const [key, value] of members) {
        const range = jsonValueRange(bytes, key);
        const found = range.ok ? new TextDecoder().decode(bytes.subarray(range.value.start, range.value.end)) : null;
        expect(found).toBe(JSON.stringify(value));
      }
    }),
  );
});
