import * as fc from "fast-check";
import { expect, test } from "vitest";
import { sha256Hex as onNode } from "../src/node/sha256.ts";
import { sha256Hex as elsewhere } from "../src/sha256-web.ts";

test.each([
  // FIPS 180-4, examples of SHA-256.
  { text: "abc", digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { text: "", digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
])("the digest of '$text' is the published one, wherever it is computed", ({ text, digest }) => {
  const bytes = new TextEncoder().encode(text);
  expect([onNode(bytes), elsewhere(bytes)]).toEqual([digest, digest]);
});

test("both give the same digest of any bytes, also of a part of a buffer", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, start) => {
      const part = bytes.subarray(start);
      expect(onNode(part)).toBe(elsewhere(part));
    }),
  );
});
