import { describe, expect, test } from "vitest";
import { EXIT } from "../packages/cli/src/exit-code.ts";
import { type CommandHelp, commandsBelow } from "./command-help.ts";
import { chapterOf, codeOf, headingsOf, proseOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("docs/cli.md");

/** The flags of every command are those of any program: they are described once. */
const COMMON_FLAGS: ReadonlySet<string> = new Set(["--help", "--version"]);

/** Flags of what starts the command in a checkout. */
const PNPM_FLAGS = ["--silent", "--yes"] as const;

/** What the page says about one command: its first block is the usage line, its first table are the flags. */
function documentedCommands(): readonly CommandHelp[] {
  const sections = page.split(/^### /m).slice(1);
  return sections.map((section) => {
    const flags = rowsOf(section).flatMap(([name = "", , fallback = ""]) => {
      const flag = codeOf(name)[0];
      return flag?.startsWith("--") === true ? [{ name: flag, fallback: codeOf(fallback)[0] ?? "" }] : [];
    });
    const usage = /```text\n(?<line>mero-tee .+)\n```/.exec(section)?.groups?.["line"] ?? "";
    return { name: codeOf(section.split("\n", 1)[0] ?? "")[0] ?? "", usage, flags };
  });
}

const shown = await commandsBelow([]);
const documented = new Map(documentedCommands().map((command) => [command.name, command]));

describe("docs/cli.md", () => {
  test("documents every command that --help shows, and no other", () => {
    expect([...documented.keys()].toSorted()).toEqual(shown.map(({ name }) => name).toSorted());
    expect(shown.length).toBeGreaterThan(5);
  });

  test.each(shown)("has the usage, flags and defaults of $name as --help shows them", (command) => {
    expect(documented.get(command.name)).toEqual(command);
  });

  test("mentions no flag that no command has", () => {
    const known = new Set<string>([
      ...shown.flatMap(({ flags }) => flags.map(({ name }) => name)),
      ...COMMON_FLAGS,
      ...PNPM_FLAGS,
    ]);
    const mentioned = codeOf(proseOf(page)).flatMap((code) => code.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []);
    expect(mentioned.filter((flag) => !known.has(flag))).toEqual([]);
  });

  test("has every exit code, and no other", () => {
    const codes = rowsOf(chapterOf(page, "Everywhere")).map(([code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });

  test("has a heading of level 3 for commands alone", () => {
    const others = headingsOf(page).filter(({ level, text }) => level === 3 && !text.startsWith("mero-tee "));
    expect(others).toEqual([]);
  });
});
