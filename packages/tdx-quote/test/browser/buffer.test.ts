import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Buffer as StandIn } from "./buffer.ts";

const ENCODINGS = ["utf8", "hex", "base64", "latin1"] as const;

describe.each(ENCODINGS)("the browser's stand-in for Buffer, in %s", (encoding) => {
  test("writes what Node writes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(StandIn.from(bytes).toString(encoding)).toBe(Buffer.from(bytes).toString(encoding));
      }),
    );
  });

  test("reads what Node reads, also from text that is none", () => {
    const digits = fc.string({ unit: fc.constantFrom(...Array.from("09afAFgz+/-_= \u00e9")) });
    fc.assert(
      fc.property(fc.oneof(digits, fc.string()), (text) => {
        expect([...StandIn.from(text, encoding)]).toEqual([...Buffer.from(text, encoding)]);
      }),
    );
  });
});

test("the stand-in joins, compares and counts like Node's", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2 }), fc.uint8Array(), (one, other) => {
      const [ours, nodes] = [StandIn.concat([one, other]), Buffer.concat([one, other])];
      expect([...ours]).toEqual([...nodes]);
      expect(ours.readUInt16LE(0)).toBe(nodes.readUInt16LE(0));
      expect(ours.equals(nodes)).toBe(true);
      expect(StandIn.from(one).equals(other)).toBe(Buffer.from(one).equals(other));
    }),
  );
  expect([...StandIn.alloc(3)]).toEqual([...Buffer.alloc(3)]);
});
