import { execFileSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chapterOf, readPage, ROOT, rowsOf } from "./markdown.ts";

const page = readPage("docs/verifier-tests.md");

const mistakes = rowsOf(chapterOf(page, "Mistakes of verifiers")).map(([number = "", mistake = "", by = ""]) => {
  const groups = /^\[(?<file>[^\]]+)\]\(\.\.\/(?<path>[^)]+)\): "(?<name>.+)"$/.exec(by)?.groups;
  return { number, mistake, file: groups?.["file"] ?? "", path: groups?.["path"] ?? "", name: groups?.["name"] ?? "" };
});

/** How many there are to be kept out. */
const MISTAKES = 24;
/** What stands above a test that keeps one out. */
const MARKER = /^ *\/\/ Mistake (?<number>\d+)\.\n(?<next>.*\n.*)/gm;

describe("the mistakes in docs/verifier-tests.md", () => {
  test("are numbered one by one", () => {
    expect(mistakes.map(({ number }) => Number(number))).toEqual(Array.from({ length: MISTAKES }, (_, at) => at + 1));
  });

  test.each(mistakes)("$number is kept out by the test that is named: $mistake", ({ number, file, path, name }) => {
    expect(path.endsWith(`/${file}`) && existsSync(`${ROOT}${path}`)).toBe(true);
    const marked = [...readPage(path).matchAll(MARKER)].filter(({ groups }) => groups?.["number"] === number);
    expect(marked.map(({ groups }) => groups?.["next"] ?? "")).toEqual([expect.stringContaining(`"${name}"`)]);
  });

  test("are all those that tests say they keep out", () => {
    const files = globSync("{apps,packages}/*/test/**/*.ts", { cwd: ROOT }).concat(
      globSync("test/**/*.ts", { cwd: ROOT }),
    );
    const marked = files.flatMap((path) =>
      [...readPage(path).matchAll(MARKER)].map(({ groups }) => `${groups?.["number"]} ${path}`),
    );
    expect(marked.toSorted()).toEqual(mistakes.map(({ number, path }) => `${number} ${path}`).toSorted());
  });

  // Mistake 23.
  test("there are no built files in the repository, and one lock file", () => {
    const files = execFileSync("git", ["-C", ROOT, "ls-files"], { encoding: "utf8" }).trim().split("\n");
    expect(files.filter((path) => /(?:^|\/)(?:dist|build-output|coverage)\/|\.min\.js$/.test(path))).toEqual([]);
    const locks = /(?:^|\/)(?:pnpm-lock\.yaml|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|bun\.lockb?)$/;
    expect(files.filter((path) => locks.test(path))).toEqual(["pnpm-lock.yaml"]);
  });
});

/** The rows of a table of faults in a test file, as the page shows them. */
function faultsIn(file: string): readonly (readonly string[])[] {
  const rows = /name: "(?<name>[^"]+)",[\s\S]*?steps: \{(?<steps>[^}]*)\},\s*verdict: "(?<verdict>\w+)"/g;
  return [...readPage(`test/verifier-faults/${file}`).matchAll(rows)].map(({ groups }) => {
    const steps = [...(groups?.["steps"] ?? "").matchAll(/"([^"]+)": "([^"]+)"/g)];
    const shown = steps.map(([, id, status]) => `\`${id}\` ${status}`).join(", ");
    return [groups?.["name"] ?? "", shown, groups?.["verdict"] ?? ""];
  });
}

function targetsIn(file: string): readonly (readonly string[])[] {
  const rows = /(?:name: "(?<row>[^"]+)",\s*|test\("(?<test>[^"]+)"[\s\S]*?)code: "(?<code>\w+)"/g;
  return [...readPage(`test/verifier-faults/${file}`).matchAll(rows)].map(({ groups }) => [
    groups?.["row"] ?? groups?.["test"] ?? "",
    `\`${groups?.["code"]}\``,
  ]);
}

describe("the faults in docs/verifier-tests.md", () => {
  const sections = chapterOf(page, "Faults").split("\n### ").slice(1);

  test.each(sections.map((section) => ({ title: section.slice(0, section.indexOf("\n")), section })))(
    "$title: every row of the test, as it is there",
    ({ section }) => {
      const file = /\[(?<file>[a-z-]+\.test\.ts)\]\(\.\.\/test\/verifier-faults\/\k<file>\)/.exec(section)?.groups?.[
        "file"
      ];
      const rows = file === "targets.test.ts" ? targetsIn(file) : faultsIn(file ?? "");
      expect(rows.length).toBeGreaterThan(5);
      expect(rowsOf(section)).toEqual(rows);
    },
  );

  test("leave out no file of faults", () => {
    const files = globSync("test/verifier-faults/*.test.ts", { cwd: ROOT });
    const withRows = files.filter((path) => faultsIn(path.replace(/^.*\//, "")).length > 0 || path.includes("targets"));
    expect(withRows.filter((path) => !page.includes(`(../${path})`))).toEqual([]);
  });
});
