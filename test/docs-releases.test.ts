import { expect, test } from "vitest";
import { RULE_IDS, RULES } from "../packages/release-artifacts/src/index.ts";
import { chapterOf, readPage, rowsOf } from "./markdown.ts";

const SUBJECTS = {
  download: "download",
  start: "start of a KMS",
  repository: "repository",
  live: "live machines",
  history: "published releases",
} as const;

test("docs/releases.md has every rule, what it is about and what it demands", () => {
  const rules = rowsOf(chapterOf(readPage("docs/releases.md"), "The rules"));
  const expected = RULE_IDS.map((id) => {
    const { scope, lanes, demand } = RULES[id];
    return [id, scope === "release" ? lanes.join(", ") : SUBJECTS[scope], demand];
  });
  expect(rules).toEqual(expected);
});
