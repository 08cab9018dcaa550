import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseQuote } from "../src/quote.ts";
import { writeQuote } from "./synthetic-quote.ts";

const seeds = [writeQuote(), writeQuote({ version: 5 }), writeQuote({ version: 5, bodyType: 2 })];

test("any bytes give a quote or a refusal of stage quote-parse", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40_000 }), (bytes) => {
      const result = parseQuote(bytes);
      expect(result.ok || result.error.stage).toBeOneOf([true, "quote-parse"]);
    }),
    { numRuns: 200 },
  );
});

test("a quote with altered bytes gives a quote or a refusal, and a quote never reaches past its input", () => {
  const edit = fc.tuple(fc.nat({ max: 2000 }), fc.uint8Array({ minLength: 1, maxLength: 8 }));
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 6 }), (seed, edits) => {
      const bytes = new Uint8Array(seed);
      for (const [offset, patch] of edits)
        bytes.set(patch.subarray(0, Math.max(0, bytes.length - offset)), Math.min(offset, bytes.length));
      const result = parseQuote(bytes);
      expect(result.ok || result.error.stage).toBeOneOf([true, "quote-parse"]);
      const taken = result.ok ? result.value.quoteBytes : new Uint8Array();
      expect(Buffer.from(taken).equals(bytes.subarray(0, taken.length))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("padding changes nothing but the size", () => {
  fc.assert(
    fc.property(fc.constantFrom(...seeds), fc.uint8Array({ maxLength: 4000 }), (seed, padding) => {
      const result = parseQuote(Buffer.concat([seed, padding]));
      expect(result).toEqual(parseQuote(seed));
    }),
    { numRuns: 100 },
  );
});
