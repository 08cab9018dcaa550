import * as here from "#byte-spelling";
import { describe, expect, test } from "vitest";
import * as web from "../src/byte-spelling-web.ts";

/** What run times without code of their own spell, beside what this one does. */
const BYTES = Array.from({ length: 70 }, (_each, length) =>
  Uint8Array.from({ length }, (_, index) => (index * 167 + length * 31) & 0xff),
);

describe("bytes spelled without the run time's own code", () => {
  test.each(BYTES.map((bytes) => ({ bytes, length: bytes.length })))("read the same, $length of them", ({ bytes }) => {
    expect(web.hexOf(bytes)).toBe(here.hexOf(bytes));
    expect(web.base64Of(bytes)).toBe(here.base64Of(bytes));
    expect(web.bytesOfBase64(web.base64Of(bytes))).toEqual(bytes);
  });

  test.each([
    "A",
    "AA",
    "AAA",
    "AAAAA",
    "=",
    "====",
    "A===",
    "AB==",
    "AAB=",
    "AA=A",
    "AAAA====",
    "AAA-",
    "AAA_",
    "AA A",
    "AAA\n",
    "AAA\u00e9",
    "A\u0100AA",
    "=AAA",
    "AA==AAAA",
    " AAAA",
    "AAAA ",
  ])("are none in %j", (text) => {
    expect(web.bytesOfBase64(text)).toBeNull();
    expect(here.bytesOfBase64(text)).toBeNull();
  });

  test("are what they are in canonical text alone", () => {
    for (const text of ["", "AA==", "AAA=", "AAAA", "/+9a"]) {
      expect(web.bytesOfBase64(text)).toEqual(here.bytesOfBase64(text));
      expect(web.bytesOfBase64(text)).not.toBeNull();
    }
  });
});
