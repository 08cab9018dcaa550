import { describe, expect, test } from "vitest";
import { EXIT } from "../packages/cli/src/exit-code.ts";
import { chapterOf, codeOf, headingsOf, proseOf, readPage, rowsOf } from "./markdown.ts";
import { meroTee } from "./mero-tee.ts";

const page = readPage("docs/cli.md");

/** A flag with its default, empty where it has none. */
interface Flag {
  readonly name: string;
  readonly fallback: string;
}

/** What the command itself says about one command. */
interface CommandHelp {
  readonly name: string;
  readonly usage: string;
  readonly flags: readonly Flag[];
}

/** The flags of every command are those of any program: they are described once. */
const COMMON_FLAGS: ReadonlySet<string> = new Set(["--help", "--version"]);

/** Flags of what starts the command in a checkout. */
const PNPM_FLAGS = ["--silent", "--yes"] as const;

function flagsOf(help: string): readonly Flag[] {
  const lines = (help.split("\nFLAGS\n")[1] ?? "").split("\n\n")[0]?.split("\n") ?? [];
  return lines.flatMap((line) => {
    const name = /^ +(?:-[a-z] +)?\[?(--[a-z][a-z-]*)\]?(?:\.\.\.)? /.exec(line)?.[1];
    if (name === undefined || / {2}Print (?:this help|the version) and exit/.test(line)) return [];
    return [{ name, fallback: /default = (?<value>[^\]]+)\]$/.exec(line)?.groups?.["value"] ?? "" }];
  });
}

/** Every command below a path, as `--help` shows the way to it. */
async function commandsBelow(path: readonly string[]): Promise<readonly CommandHelp[]> {
  const { stdout } = await meroTee([...path, "--help"]);
  const names = (stdout.split("\nCOMMANDS\n")[1] ?? "")
    .split("\n")
    .flatMap((line) => /^ {2}(\S+)/.exec(line)?.[1] ?? []);
  if (names.length > 0) {
    const below = await Promise.all(names.map((name) => commandsBelow([...path, name])));
    return below.flat();
  }
  const usage = /^USAGE\n {2}(?<line>.+)$/m.exec(stdout)?.groups?.["line"] ?? "";
  return [{ name: `mero-tee ${path.join(" ")}`, usage, flags: flagsOf(stdout) }];
}

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
