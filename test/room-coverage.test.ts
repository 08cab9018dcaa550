import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { coverageOfRooms, coverageTable, type FileCoverage } from "../scripts/room-coverage.ts";
import { ROOT } from "./markdown.ts";

const ROOM = "packages/policy";

/** A file with 4 lines and 2 branches, some of them not reached. */
function file(missedLines = 0, missedBranches = 0): FileCoverage {
  return { lines: { total: 4, covered: 4 - missedLines }, branches: { total: 2, covered: 2 - missedBranches } };
}

describe("a room", () => {
  test.each([
    { name: "is covered when all its files are", one: file(), other: file(), isCovered: true },
    { name: "with one line left out is not", one: file(), other: file(1), isCovered: false },
    { name: "with one branch left out is not", one: file(0, 1), other: file(), isCovered: false },
  ])("$name", ({ one, other, isCovered }) => {
    const summary = { total: file(), "/tree/packages/policy/src/a.ts": one, "/tree/packages/policy/src/b/c.ts": other };
    expect(coverageOfRooms(summary, [ROOM])).toMatchObject([{ room: ROOM, files: 2, isCovered }]);
  });

  test("that no file is of is not covered", () => {
    const summary = { total: file(), "/tree/packages/policy-engine/src/a.ts": file() };
    expect(coverageOfRooms(summary, [ROOM])).toMatchObject([{ files: 0, isCovered: false }]);
  });

  test("has a row", () => {
    const summary = { "/tree/packages/policy/src/a.ts": file(1) };
    expect(coverageTable(coverageOfRooms(summary, [ROOM]))).toEqual([
      "room             files  lines  branches",
      "packages/policy  1      3/4    2/2",
    ]);
  });
});

test("what is left out of the count says why", () => {
  const sources = globSync("packages/{tdx-quote,policy}/src/**/*.ts", { cwd: ROOT });
  expect(sources.length).toBeGreaterThan(50);
  const unexplained = sources.flatMap((path) =>
    [...readFileSync(`${ROOT}${path}`, "utf8").matchAll(/\b(?:v8|c8|istanbul|node:coverage) ignore(?<rest>.*)/g)]
      .filter(({ groups }) => !/ -- \w+ \w+/.test(groups?.["rest"] ?? ""))
      .map(([comment]) => `${path}: ${comment}`),
  );
  expect(unexplained).toEqual([]);
});
