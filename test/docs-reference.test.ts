import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { VARIABLES } from "../packages/cli/src/environment.ts";
import { fillBlocks } from "../scripts/reference/generated-block.ts";
import { referencePages } from "../scripts/reference/pages.ts";
import { ROOT } from "./markdown.ts";

const pages = await referencePages();

const PAGE = "# Title\n\n<!-- generated: one -->\n\nold\n\n<!-- end: one -->\n\nprose\n";

describe("what docs takes from code", () => {
  test.each(pages)("docs/$name is fresh (pnpm reference makes it so)", ({ current, made }) => {
    expect(current).toBe(made);
  });

  test("a block is replaced, and what stands around it stays", () => {
    expect(fillBlocks(PAGE, { one: "new" })).toBe(PAGE.replace("old", "new"));
  });

  test.each([
    { name: "a page that lost its block", page: "# Title\n", blocks: { one: "new" } },
    { name: "a block that nobody makes", page: PAGE, blocks: {} },
    { name: "a block that does not end", page: PAGE.replace("<!-- end: one -->", ""), blocks: { one: "new" } },
  ])("$name is noticed", ({ page, blocks }) => {
    expect(() => fillBlocks(page, blocks)).toThrow(/block/);
  });
});

describe("the variables of the command", () => {
  const folder = `${ROOT}packages/cli/src/`;
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  const sources = files
    .filter((file) => file !== "environment.ts")
    .map((file) => readFileSync(`${folder}${file}`, "utf8"));

  test("are read through their table alone", () => {
    expect(sources.filter((source) => /\benvironment\[|process\.env[.[]/.test(source))).toEqual([]);
  });

  test("are all read", () => {
    const unread = Object.keys(VARIABLES).filter((name) => !sources.some((source) => source.includes(`"${name}"`)));
    expect(unread).toEqual([]);
  });
});
