import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chapterOf, readPage, ROOT, rowsOf } from "./markdown.ts";

const promises = rowsOf(chapterOf(readPage("docs/threat-model.md"), "What is promised")).map(
  ([promise = "", by = ""]) => {
    const groups = /^\[(?<file>[^\]]+)\]\(\.\.\/(?<path>[^)]+)\): "(?<name>.+)"$/.exec(by)?.groups;
    return { promise, file: groups?.["file"] ?? "", path: groups?.["path"] ?? "", name: groups?.["name"] ?? "" };
  },
);

describe("docs/threat-model.md", () => {
  test("promises something", () => {
    expect(promises.length).toBeGreaterThan(20);
  });

  test("marks what is tested on recordings alone", () => {
    // In these files everything that is promised stands in a block that is skipped without recordings.
    const onRecordings = /\/(?:verify-quote\.property|verify-kms-attestation)\.test\.ts$/;
    expect(promises.filter(({ promise, path }) => promise.startsWith("◊ ") !== onRecordings.test(path))).toEqual([]);
  });

  test.each(promises)("is held to: $promise", ({ file, path, name }) => {
    expect(path.endsWith(`/${file}`) && existsSync(`${ROOT}${path}`)).toBe(true);
    // A table of rows has its names in the rows; a title has it in the call. Either way it stands between quotes.
    expect(readPage(path)).toContain(`"${name}"`);
  });
});
