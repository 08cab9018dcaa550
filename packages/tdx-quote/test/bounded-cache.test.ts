import { expect, test } from "vitest";
import { createBoundedCache } from "../src/bounded-cache.ts";

test("a full cache forgets what was used least recently", () => {
  const cache = createBoundedCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  expect(cache.get("a")).toBe(1);
  cache.set("c", 3);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([1, undefined, 3]);
});

test("setting a key again replaces its value and takes no second place", () => {
  const cache = createBoundedCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.set("a", 3);
  cache.set("c", 4);
  expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([3, undefined, 4]);
});

test.each([0, -1, 1.5, Number.NaN, Infinity])("a capacity of %d is refused", (capacity) => {
  expect(() => createBoundedCache(capacity)).toThrow(RangeError);
});
