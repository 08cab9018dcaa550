import { expect, test } from "vitest";

import { movedSelection, ROW_PX, windowOfRows } from "../src/features/replay/window-of-rows.ts";

test("draws a short list whole", () => expect(windowOfRows(200, 5000, 400)).toEqual({ first: 0, end: 200 }));

test("draws a part of a long list, wherever it is scrolled", () => {
  for (const top of [0, 100 * ROW_PX, 4990 * ROW_PX]) {
    const { first, end } = windowOfRows(5000, top, 400);
    expect(first).toBeLessThanOrEqual(top / ROW_PX);
    expect(end).toBeGreaterThanOrEqual(Math.min(5000, (top + 400) / ROW_PX));
    expect(end - first).toBeLessThan(50);
  }
});

test.each([
  ["ArrowDown", 3, 4],
  ["ArrowDown", 9, 9],
  ["ArrowUp", 0, 0],
  ["Home", 7, 0],
  ["End", 0, 9],
  ["a", 3, null],
] as const)("%s moves from %i to %s", (key, from, to) => expect(movedSelection(key, from, 10)).toBe(to));
