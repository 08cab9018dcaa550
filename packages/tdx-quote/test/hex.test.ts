import { expect, test } from "vitest";
import { parseHex, toHex } from "../src/hex.ts";

test("hex is written in lower case with two digits a byte", () => {
  expect(toHex(Uint8Array.of(0, 1, 0x0a, 0xa0, 0xff))).toBe("00010aa0ff");
  expect(toHex(new Uint8Array(0))).toBe("");
});

test.each([
  { text: "", bytes: [] },
  { text: "00ff", bytes: [0, 255] },
  { text: "aBcDeF09", bytes: [0xab, 0xcd, 0xef, 0x09] },
])("hex '$text' is read, whatever its case", ({ text, bytes }) => {
  expect(parseHex(text)).toEqual(Uint8Array.from(bytes));
});

test.each(["0", "0x00", "0g", "g0", " 00", "00 ", "0\n", "--", "@@", "``", "GG", "//", "::", "０0", "0ı", "\u0141a"])(
  "'%s' is not hex",
  (text) => {
    expect(parseHex(text)).toBeNull();
  },
);

test("a wanted length refuses every other length", () => {
  expect(parseHex("0011", 2)).toEqual(Uint8Array.of(0, 0x11));
  expect(parseHex("0011", 1)).toBeNull();
  expect(parseHex("0011", 3)).toBeNull();
  expect(parseHex("", 0)).toEqual(new Uint8Array(0));
});
