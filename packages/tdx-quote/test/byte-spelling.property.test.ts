import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as portable from "../src/byte-spelling-web.ts";
import * as node from "../src/node/byte-spelling.ts";

test("every run time spells the same bytes in the same way", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(9), (bytes, start) => {
      const view = bytes.subarray(start);
      expect(portable.hexOf(view)).toBe(node.hexOf(view));
      expect(portable.base64Of(view)).toBe(node.base64Of(view));
    }),
  );
});

const nearlyBase64 = fc.string({ unit: fc.constantFrom(...Array.from("AQgwZz09+/=-_ \n\u0141")), maxLength: 12 });

test("every run time reads the same texts as base64, into buffers of their own", () => {
  fc.assert(
    fc.property(fc.oneof(nearlyBase64, fc.string({ unit: "binary" }), fc.base64String()), (text) => {
      const read = node.bytesOfBase64(text);
      expect(portable.bytesOfBase64(text)).toEqual(read);
      expect(read?.buffer.byteLength).toBe(read?.length);
    }),
    { numRuns: 2000 },
  );
});
