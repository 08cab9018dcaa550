import { expect, test } from "vitest";
import { equalBytes, equalPublicBytes } from "../src/equal-bytes.ts";

test.each([
  { left: [], right: [], equal: true },
  { left: [1, 2, 3], right: [1, 2, 3], equal: true },
  { left: [1, 2, 3], right: [1, 2, 2], equal: false },
  { left: [0, 2, 3], right: [1, 2, 3], equal: false },
  { left: [1, 2, 3], right: [3, 2, 1], equal: false },
  { left: [1, 2], right: [1, 2, 0], equal: false },
  { left: [1, 2, 0], right: [1, 2], equal: false },
])("$left and $right: equal is $equal", ({ left, right, equal }) => {
  for (const compare of [equalBytes, equalPublicBytes]) {
    expect(compare(Uint8Array.from(left), Uint8Array.from(right))).toBe(equal);
  }
});

test("differences that cancel each other are differences", () => {
  expect(equalBytes(Uint8Array.of(0x10, 0x10), Uint8Array.of(0x11, 0x11))).toBe(false);
});
