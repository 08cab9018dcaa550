import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parseHex, toHex } from "../src/hex.ts";

test("what was written is read back", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString("hex"));
      expect(parseHex(toHex(bytes))).toEqual(bytes);
      expect(parseHex(toHex(bytes).toUpperCase(), bytes.length)).toEqual(bytes);
    }),
  );
});

test("exactly pairs of hex digits are accepted", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(parseHex(text) !== null).toBe(/^(?:[0-9a-fA-F]{2})*$/.test(text) && !text.endsWith("\n"));
    }),
  );
});
