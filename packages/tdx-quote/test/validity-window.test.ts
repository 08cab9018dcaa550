import { expect, test } from "vitest";
import { isValidInstant, requireInstant } from "../src/instant.ts";
import { intersectWindows, isWithin } from "../src/validity-window.ts";

test("windows intersect at the latest start and the earliest end", () => {
  const window = intersectWindows([
    { notBefore: 1, notAfter: 9 },
    { notBefore: 3, notAfter: 12 },
  ]);
  expect(window).toEqual({ notBefore: 3, notAfter: 9 });
});

test.each([
  { now: 2, within: false },
  { now: 3, within: true },
  { now: 9, within: true },
  { now: 10, within: false },
])("$now within 3..9: $within", ({ now, within }) => {
  expect(isWithin({ notBefore: 3, notAfter: 9 }, now)).toBe(within);
});

test("windows without a common instant intersect in one that nothing is within", () => {
  const window = intersectWindows([
    { notBefore: 1, notAfter: 2 },
    { notBefore: 3, notAfter: 4 },
  ]);
  expect([1, 2, 3, 4].some((now) => isWithin(window, now))).toBe(false);
});

test.each([0, 1750809600, 253402300799])("%d can be a time of judgement", (now) => {
  expect(isValidInstant(now)).toBe(true);
  expect(() => requireInstant(now)).not.toThrow();
});

test.each([253402300800, -1, 1.5, Number.NaN, Infinity])("%d cannot be a time of judgement", (now) => {
  expect(isValidInstant(now)).toBe(false);
  expect(() => requireInstant(now)).toThrow(RangeError);
});
