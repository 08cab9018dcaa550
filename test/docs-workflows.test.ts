import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chapterOf, codeOf, readPage, ROOT, rowsOf } from "./markdown.ts";

const DIRECTORY = `${ROOT}.github/workflows`;
const files = readdirSync(DIRECTORY);
const rows = rowsOf(chapterOf(readPage("docs/releases.md"), "The workflows")).map(([subject = "", where = ""]) => ({
  name: codeOf(subject)[0] ?? "",
  isSecret: subject.startsWith("secret "),
  where: codeOf(where)[0] ?? "",
}));

test("docs/releases.md has every workflow, and no other", () => {
  const documented = rows.map(({ name }) => name).filter((name) => name.endsWith(".yaml"));
  expect(documented.toSorted()).toEqual(files.toSorted());
});

test("docs/releases.md has every setting that a workflow reads, and where it is read", () => {
  const used = new Map<string, string>();
  for (const file of files) {
    const text = readFileSync(`${DIRECTORY}/${file}`, "utf8");
    for (const job of text.split(/^ {2}(?=[a-z-]+:$)/m)) {
      const environment = /^ {4}environment: (?<name>\w+)$/m.exec(job)?.groups?.["name"] ?? "";
      for (const [, kind, name] of job.matchAll(/\b(vars|secrets)\.([A-Z_]+)/g))
        used.set(`${kind === "secrets" ? "secret " : ""}${name ?? ""}`, environment);
    }
  }
  const documented = rows
    .filter(({ name }) => /^[A-Z_]+$/.test(name))
    .map(({ name, isSecret, where }) => [`${isSecret ? "secret " : ""}${name}`, where] as const);
  expect(Object.fromEntries(documented)).toEqual(Object.fromEntries(used));
});
