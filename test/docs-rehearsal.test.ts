import { expect, test } from "vitest";
import { RULE_IDS } from "../packages/release-artifacts/src/index.ts";
import { RULE_CASES } from "../packages/release-artifacts/test/rule-cases.ts";
import { OTHER_SCOPE_CASES } from "../packages/release-artifacts/test/rule-cases-elsewhere.ts";
import { FAILURES } from "../scripts/rehearsal/failures.ts";
import { LANE_CODES } from "../scripts/release/lane-stop.ts";
import { chapterOf, codeOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/releases.md");

test("docs/releases.md has every code of the lanes, with its exit code", () => {
  const rows = rowsOf(chapterOf(page, "The steps of a lane"));
  const documented = rows.flatMap(([code = "", exitCode = ""]) => (/^\d+$/.test(exitCode) ? [[code, exitCode]] : []));
  expect(documented).toEqual(Object.entries(LANE_CODES).map(([code, exitCode]) => [`\`${code}\``, String(exitCode)]));
});

test("docs/releases.md has every failure that is rehearsed, and what stops it", () => {
  const rows = rowsOf(chapterOf(page, "Rehearse a release"));
  const documented = rows.map(([name = "", what, step = "", by = ""]) => [
    codeOf(name)[0],
    what,
    codeOf(step)[0],
    codeOf(by),
  ]);
  expect(documented).toEqual(
    FAILURES.map(({ name, what, stoppedAt, stoppedBy }) => [name, what, stoppedAt, [...stoppedBy]]),
  );
});

test("docs/releases.md says for every rule which tests show that it refuses, and what else a rehearsal shows", () => {
  const rows = rowsOf(chapterOf(page, "What each rule is shown to refuse"));
  const expected = RULE_IDS.map((id) => {
    const elsewhere = OTHER_SCOPE_CASES.filter((each) => each.id === id).flatMap(({ bad }) => bad);
    const names = [...RULE_CASES.filter((each) => each.id === id), ...elsewhere].map(({ name }) => name);
    const rehearsed = FAILURES.filter(({ stoppedBy }) => stoppedBy.includes(id)).map(({ name }) => `\`${name}\``);
    return [id, names.join("; "), rehearsed.join(", ")];
  });
  expect(rows).toEqual(expected);
});
