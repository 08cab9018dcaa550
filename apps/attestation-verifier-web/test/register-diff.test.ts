import { expect, test } from "vitest";

import { byCloseness, describeDiff, diffValues } from "../src/register-diff.ts";

const VALUE = "0123456789abcdef".repeat(6);

test("equal values have equal groups and no mark", () => {
  const diff = diffValues(VALUE, VALUE);
  expect(diff).toMatchObject({ length: 96, differing: 0, firstDifference: 0 });
  expect(diff.groups).toHaveLength(12);
  expect(diff.groups.every(({ isEqual, marks }) => isEqual && marks.trim() === "")).toBe(true);
  expect(describeDiff(diff)).toBe("equal, all 96 characters");
});

test("marks the one character that differs, in its place", () => {
  const diff = diffValues(VALUE, `${VALUE.slice(0, 16)}f${VALUE.slice(17)}`);
  expect(diff.groups[2]?.marks).toBe("^       ");
  expect(describeDiff(diff)).toBe("differs from character 17; 1 of 96 characters differ");
});

test("says of another hash that it is another value", () =>
  expect(describeDiff(diffValues("a".repeat(96), "b".repeat(96)))).toBe(
    "differs from character 1; 96 of 96 characters differ: a completely different value",
  ));

test("never cuts the longer of two values", () =>
  expect(diffValues("abcd", "abcdefghij")).toMatchObject({ length: 10, differing: 6, firstDifference: 5 }));

test("puts the closest value first", () =>
  expect(byCloseness(["ffffffff", "0123456f", "01ffffff"], "01234567")).toEqual(["0123456f", "01ffffff", "ffffffff"]));
