import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseBase64, toBase64 } from "../src/base64.ts";

test("what was written is read back, and is what Node writes", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
      expect(parseBase64(toBase64(bytes))).toEqual(bytes);
    }),
  );
});

test("exactly one spelling of any bytes is accepted", () => {
  const nearlyBase64 = fc.string({ unit: fc.constantFrom(...Array.from("AQgwZz09+/=-_ \n")), maxLength: 12 });
  fc.assert(
    fc.property(nearlyBase64, (text) => {
      const bytes = parseBase64(text);
      expect(bytes !== null).toBe(Buffer.from(text, "base64").toString("base64") === text);
    }),
    { numRuns: 2000 },
  );
});
