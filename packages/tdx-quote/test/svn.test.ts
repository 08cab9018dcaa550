import { expect, test } from "vitest";
import { svnAt } from "../src/svn.ts";

test("an SVN that a list is too short for is 0", () => {
  expect(svnAt([3, 4], 1)).toBe(4);
  expect(svnAt([3, 4], 2)).toBe(0);
});
