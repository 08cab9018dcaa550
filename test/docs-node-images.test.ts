import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PROFILES } from "../packages/policy/src/index.ts";
import { treeMutants } from "../scripts/image/tree-mutants.ts";
import { chapterOf, readPage, ROOT, rowsOf } from "./markdown.ts";

const refused = rowsOf(chapterOf(readPage("docs/node-images.md"), "What is refused, and where")).map(
  ([input = "", , by = ""]) => {
    const groups = /^\[(?<file>[^\]]+)\]\(\.\.\/(?<path>[^)]+)\): "(?<name>.+)"$/.exec(by)?.groups;
    return { input, file: groups?.["file"] ?? "", path: groups?.["path"] ?? "", name: groups?.["name"] ?? "" };
  },
);

const judged = rowsOf(chapterOf(readPage("docs/node-images.md"), "What conformance judges"));
const judge = readPage("ansible/roles/conformance/files/conformance.py");
const checks = [...judge.matchAll(/^ {4}\("(?<id>[a-z-]+)", "(?<requirement>R\d)"/gm)].map(({ groups }) => [
  `\`${groups?.["id"]}\``,
  groups?.["requirement"],
]);

describe("docs/node-images.md", () => {
  test("names every check, with its requirement", () => {
    expect(judged.map(([id, requirement]) => [id, requirement])).toEqual(checks);
  });

  test.each(judged)("says of %s (%s) for which profiles it is, and what it refuses", (id, _requirement, ...cells) => {
    const mutants = PROFILES.map((profile) => treeMutants(profile).find(({ check }) => id === `\`${check}\``));
    expect(cells.slice(0, PROFILES.length)).toEqual(mutants.map((mutant) => (mutant === undefined ? "–" : "✓")));
    expect(mutants.map((mutant) => mutant?.says)).toContain(cells.at(-1));
  });

  test("says what is refused", () => {
    expect(refused.length).toBeGreaterThan(15);
  });

  test.each(refused)("is held to the refusal of $input", ({ file, path, name }) => {
    expect(path.endsWith(`/${file}`) && existsSync(`${ROOT}${path}`)).toBe(true);
    expect(readPage(path)).toContain(`"${name}"`);
  });
});
