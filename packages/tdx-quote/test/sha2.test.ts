import * as fc from "fast-check";
import { expect, test } from "vitest";
import { toHex } from "../src/hex.ts";
import * as node from "../src/node/sha2.ts";
import * as portable from "../src/sha2-web.ts";
import { bytes } from "./der-writer.ts";

const EMPTY_384 = "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b";
const ABC_384 = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7";
const ABC_256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

test.each([
  { parts: [], sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", sha384: EMPTY_384 },
  { parts: ["616263"], sha256: ABC_256, sha384: ABC_384 },
  { parts: ["61", "", "6263"], sha256: ABC_256, sha384: ABC_384 },
])("$parts have the digests of the examples of FIPS 180-4", ({ parts, sha256, sha384 }) => {
  const all = parts.map(bytes);
  for (const engine of [node, portable]) {
    expect([engine.sha256(...all), engine.sha384(...all)].map(toHex)).toEqual([sha256, sha384]);
    expect([engine.sha256Hex(...all), engine.sha384Hex(...all)]).toEqual([sha256, sha384]);
    expect([engine.sha256(...all), engine.sha384(...all)].map(({ constructor }) => constructor)).toEqual([
      Uint8Array,
      Uint8Array,
    ]);
  }
});

test("every run time hashes the same parts alike", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }), fc.nat(9), (parts, start) => {
      const views = parts.map((part) => part.subarray(start));
      expect(toHex(portable.sha256(...views))).toBe(node.sha256Hex(...views));
      expect(toHex(portable.sha384(...views))).toBe(node.sha384Hex(...views));
    }),
  );
});
