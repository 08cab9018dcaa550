import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chapterOf, readPage, ROOT, rowsOf } from "./markdown.ts";

const refused = rowsOf(chapterOf(readPage("docs/node-images.md"), "What is refused, and where")).map(
  ([input = "", , by = ""]) => {
    const groups = /^\[(?<file>[^\]]+)\]\(\.\.\/(?<path>[^)]+)\): "(?<name>.+)"$/.exec(by)?.groups;
    return { input, file: groups?.["file"] ?? "", path: groups?.["path"] ?? "", name: groups?.["name"] ?? "" };
  },
);

describe("docs/node-images.md", () => {
  test("says what is refused", () => {
    expect(refused.length).toBeGreaterThan(15);
  });

  test.each(refused)("is held to the refusal of $input", ({ file, path, name }) => {
    expect(path.endsWith(`/${file}`) && existsSync(`${ROOT}${path}`)).toBe(true);
    expect(readPage(path)).toContain(`"${name}"`);
  });
});
