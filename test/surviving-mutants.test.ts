import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { MUTATION_AREA_NAMES, MUTATION_AREAS } from "../scripts/mutation-areas.ts";
import {
  oneLine,
  onlyKilled,
  scoreOf,
  scoresOf,
  staticLines,
  withStatic,
  type MutationReport,
} from "../scripts/mutation-report.ts";
import { compareSurvivors, type ExplainedMutant } from "../scripts/surviving-mutants.ts";
import { chapterOf, codeOf, readPage, ROOT, rowsOf } from "./markdown.ts";

const FILE = "packages/policy/src/a.ts";
const SOURCE = "if (a === b ||\n  c) return;\n";
const CONDITION = { start: { line: 1, column: 5 }, end: { line: 2, column: 4 } };
const FIRST = { start: { line: 1, column: 5 }, end: { line: 1, column: 12 } };
const STATIC = 'Static mutant (and "ignoreStatic" was enabled)';

/** A report on one file with changes of these outcomes. */
function reportOf(...statuses: readonly string[]): MutationReport {
  const mutants = statuses.map((status, index) => ({
    status,
    statusReason: STATIC,
    replacement: index === 0 ? "false" : "a !==\n b",
    location: index === 0 ? CONDITION : FIRST,
  }));
  return { files: { [FILE]: { source: SOURCE, mutants } } };
}

const survivor = { file: FILE, from: "a === b || c", to: "false" };
const explained: ExplainedMutant = { ...survivor, why: "nothing depends on it" };

describe("a report", () => {
  test("shows survivors by their code, whatever its lines are", () => {
    expect(scoresOf(reportOf("Survived", "NoCoverage"))).toEqual([
      {
        file: FILE,
        killed: 0,
        timedOut: 0,
        survivors: [survivor, { file: FILE, from: "a === b", to: "a !== b" }],
        untried: 0,
      },
    ]);
  });

  test.each([
    { statuses: ["Killed", "Timeout"], score: "100.0", timedOut: 1, untried: 0 },
    { statuses: ["Survived", "Killed", "Killed"], score: "66.6", timedOut: 0, untried: 0 },
    { statuses: ["NoCoverage", "Killed"], score: "50.0", timedOut: 0, untried: 0 },
    { statuses: ["Ignored", "CompileError", "RuntimeError"], score: "0.0", timedOut: 0, untried: 3 },
  ])("of $statuses has a score of $score", ({ statuses, score, ...counts }) => {
    const scores = scoresOf(reportOf(...statuses));
    expect(scoreOf(scores)).toBe(score);
    expect(scores[0]).toMatchObject(counts);
  });

  test("names the lines that are changed while modules load, and takes a second run's word for them", () => {
    const first = reportOf("Ignored", "Killed");
    expect(staticLines(first)).toEqual([`${FILE}:1-2`]);
    expect(staticLines(reportOf("Killed", "Survived"))).toEqual([]);
    const [merged] = scoresOf(withStatic(first, reportOf("Survived", "Survived")));
    expect(merged).toMatchObject({ killed: 1, survivors: [survivor], untried: 0 });
    expect(scoresOf(withStatic(first, { files: {} }))[0]?.untried).toBe(1);
  });
});

test("a history keeps only what a test has noticed", () => {
  const history = onlyKilled(reportOf("Killed", "Survived", "Timeout", "NoCoverage", "Ignored"));
  expect(history.files[FILE]?.mutants.map(({ status }) => status)).toEqual(["Killed"]);
});

describe("survivors and explanations", () => {
  test("fit where each survivor is explained", () => {
    expect(compareSurvivors(scoresOf(reportOf("Survived", "Killed")), [explained])).toEqual({
      unexplained: [],
      outdated: [],
    });
  });

  test("do not fit where a survivor is not explained, or for another file", () => {
    const scores = scoresOf(reportOf("Survived"));
    expect(compareSurvivors(scores, []).unexplained).toEqual([survivor]);
    expect(compareSurvivors(scores, [{ ...explained, file: "other.ts" }]).unexplained).toEqual([survivor]);
    expect(compareSurvivors(scores, [{ ...explained, to: "true" }]).unexplained).toEqual([survivor]);
  });

  test("do not fit where the explained change is noticed by now", () => {
    expect(compareSurvivors(scoresOf(reportOf("Killed")), [explained]).outdated).toEqual([explained]);
    expect(compareSurvivors([], [explained]).outdated).toEqual([]);
  });
});

describe("the explanations", () => {
  const all: readonly ExplainedMutant[] = JSON.parse(readFileSync(`${ROOT}docs/surviving-mutants.json`, "utf8"));
  const files: readonly string[] = MUTATION_AREA_NAMES.flatMap((area) => MUTATION_AREAS[area]);

  test("are of code that is there, in files that are changed", () => {
    const gone = all.filter(
      ({ file, from }) => !files.includes(file) || !oneLine(readFileSync(`${ROOT}${file}`, "utf8")).includes(from),
    );
    expect(gone).toEqual([]);
  });

  test("say something, once for each change", () => {
    expect(all.length).toBeGreaterThan(0);
    expect(all.filter(({ why }) => why.split(" ").length < 4)).toEqual([]);
    expect(new Set(all.map(({ file, from, to }) => JSON.stringify([file, from, to]))).size).toBe(all.length);
  });

  test("are of files that exist, each in one area, and every area is scored", () => {
    expect(files.filter((file) => !existsSync(`${ROOT}${file}`))).toEqual([]);
    expect(new Set(files).size).toBe(files.length);
    expect(MUTATION_AREA_NAMES.toSorted()).toEqual(Object.keys(MUTATION_AREAS).toSorted());
  });
});

describe("docs/mutation-testing.md", () => {
  const page = readPage("docs/mutation-testing.md");
  const all: readonly ExplainedMutant[] = JSON.parse(readFileSync(`${ROOT}docs/surviving-mutants.json`, "utf8"));

  test("has each reason of the list once, with the files and the number of changes that it explains", () => {
    const documented = rowsOf(chapterOf(page, "The survivors")).map(([count = "", files = "", why = ""]) => ({
      count: Number(count),
      files: codeOf(files).toSorted(),
      why,
    }));
    const listed = [...Map.groupBy(all, ({ why }) => why)].map(([why, mutants]) => ({
      count: mutants.length,
      files: [...new Set(mutants.map(({ file }) => basename(file)))].toSorted(),
      why,
    }));
    expect(documented).toEqual(listed);
  });

  test("gives every area its score, and adds up", () => {
    const rows = rowsOf(chapterOf(page, "What was seen")).map(([area = "", ...cells]) => {
      const [score = 0, noticed = 0, timedOut = 0, survived = 0] = cells.map(Number);
      return { area: codeOf(area)[0] ?? area, score, noticed, timedOut, survived };
    });
    expect(rows.map(({ area }) => area)).toEqual([...MUTATION_AREA_NAMES, "in all"]);
    for (const { score, noticed, timedOut, survived } of rows) {
      expect(score).toBe(Math.floor((1000 * noticed) / (noticed + survived)) / 10);
      expect(timedOut).toBeLessThanOrEqual(noticed);
    }
    const areas = rows.slice(0, -1);
    const sum = (count: "noticed" | "survived"): number => areas.reduce((total, row) => total + row[count], 0);
    expect(rows.at(-1)).toMatchObject({ noticed: sum("noticed"), survived: sum("survived") });
    // The list has a change once, however often the same code stands in a file.
    expect(all.length).toBeLessThanOrEqual(sum("survived"));
  });
});
