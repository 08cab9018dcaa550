import { describe, expect, test } from "vitest";
import { UNAUTHENTICATED } from "../packages/tee-simulator/test/evidence-mutation/unauthenticated.ts";
import { chapterOf, codeOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/evidence-mutation.md");

function numberOf(cell = ""): number {
  return Number(cell.replaceAll(",", ""));
}

const seen = rowsOf(chapterOf(page, "What was seen")).map(([name = "", ...cells]) => ({
  name,
  cells: cells.map(numberOf),
}));
const together = seen.findIndex(({ name }) => name === "together");

describe("docs/evidence-mutation.md", () => {
  test("has the rows of the table that a sweep is held to, in the same words, and no other", () => {
    const documented = rowsOf(chapterOf(page, "What nothing authenticates")).map(
      ([id = "", where, reason, differs = ""]) => ({
        id: codeOf(id)[0],
        where,
        reason,
        mayChange: codeOf(differs),
      }),
    );
    expect(documented).toEqual(
      UNAUTHENTICATED.map(({ id, where, reason, mayChange }) => ({ id, where, reason, mayChange })),
    );
  });

  test("counts eight flips for each byte of each part, each refused or accepted, and adds up", () => {
    const parts = seen.slice(0, together);
    expect(parts.length).toBeGreaterThan(15);
    for (const { cells } of seen.slice(0, together + 1)) {
      const [bytes = 0, flips = 0, refused = 0, accepted = 0] = cells;
      expect([flips, flips]).toEqual([8 * bytes, refused + accepted]);
    }
    const sums = parts.reduce<number[]>((sum, { cells }) => cells.map((cell, index) => cell + (sum[index] ?? 0)), []);
    expect(seen[together]?.cells).toEqual(sums);
  });

  test("finds every accepted flip in a row of the table", () => {
    const rows = seen.slice(together + 1);
    expect(rows.map(({ name }) => codeOf(name)[0])).toEqual(UNAUTHENTICATED.map(({ id }) => id));
    expect(rows.reduce((sum, { cells }) => sum + (cells[2] ?? 0), 0)).toBe(seen[together]?.cells[3]);
    expect(rows.every(({ cells: [, flips, accepted] }) => flips === accepted)).toBe(true);
  });
});
