import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { SETTINGS as KMS_SETTINGS } from "../apps/kms-phala/src/config/kms-settings.ts";
import { SETTINGS as VERIFIER_SETTINGS } from "../apps/verifier-api/src/config/verifier-settings.ts";
import { VARIABLES } from "../packages/cli/src/environment.ts";
import { runInWorld } from "../packages/cli/test/run-cli.ts";
import { KMS_PROBE_CODES } from "../packages/kms-protocol/src/client/index.ts";
import { LANE_CODES } from "../scripts/release/lane-stop.ts";
import { codeOf, proseOf, readPage, ROOT } from "./markdown.ts";

const PAGES = globSync(["*.md", "docs/**/*.md"], { cwd: ROOT }).toSorted();

/** A command of this repository that a page shows. */
interface Shown {
  readonly page: string;
  readonly line: string;
  /** Behind the package manager and its own flags: a script, or `mero-tee` with its words. */
  readonly words: readonly string[];
}

/** What stands in a block for something that the reader has. */
const STAND_INS: readonly (readonly [RegExp, string])[] = [
  [/\$nonce\$binding/g, "00".repeat(64)],
  [/\$\(git rev-parse HEAD\)/g, "0".repeat(40)],
  [/\bHEX\b/g, "00".repeat(32)],
];

/** The command lines of a page's blocks, also of those in lists: whole scripts, and what follows a prompt. */
function linesOf(page: string): readonly string[] {
  const text = readPage(page).replaceAll(/^ {3}/gm, "");
  const blocks = [...text.matchAll(/^```(?<language>sh|console)\n(?<body>[\s\S]*?)^```$/gm)];
  return blocks.flatMap(({ groups }) => {
    const lines = (groups?.["body"] ?? "").replaceAll(/ *\\\n */g, " ").split("\n");
    if (groups?.["language"] === "sh") return lines;
    return lines.flatMap((line) => (line.startsWith("$ ") ? [line.slice(2)] : []));
  });
}

/** Parts of a line that are commands: of a pipe, of a list, in a substitution. */
function partsOf(line: string): readonly string[] {
  const whole = STAND_INS.reduce((text, [word, value]) => text.replaceAll(word, value), line);
  const inner = [...whole.matchAll(/\$\((?<command>[^()]*)\)/g)].map(({ groups }) => groups?.["command"] ?? "");
  return [whole.replaceAll(/\$\([^()]*\)/g, "x"), ...inner].flatMap((part) =>
    part
      .replace(/ +#.*$/, "")
      .split(/\|\||&&|\||;/)
      .map((command) => command.trim()),
  );
}

/** The words behind the package manager; null for a command that is not of this repository. */
function wordsOf(command: string): readonly string[] | null {
  const words = (command.match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []).map((word) => word.replaceAll(/^["']|["']$/g, ""));
  const redirected = words.findIndex((word) => /^\d?[<>]/.test(word));
  const told = redirected === -1 ? words : words.slice(0, redirected);
  if (told[0] === "mero-tee") return told;
  const behind = command.startsWith("npx --yes pnpm@10 ") ? told.slice(3) : told[0] === "pnpm" ? told.slice(1) : null;
  if (behind === null) return null;
  const own = behind[0] === "--silent" ? behind.slice(1) : behind;
  return own[0] === "start" ? ["mero-tee", "dev", ...own.slice(1)] : own;
}

function shownIn(page: string): readonly Shown[] {
  return linesOf(page)
    .flatMap(partsOf)
    .flatMap((line) => {
      const words = wordsOf(line);
      return words === null ? [] : [{ page, line, words }];
    });
}

const shown = [...new Map(PAGES.flatMap(shownIn).map((command) => [command.line, command])).values()];
const ownCommands = shown.filter(({ words }) => words[0] === "mero-tee");
const scripts = shown.filter(({ words }) => words[0] !== "mero-tee");

function nothingThere(): Promise<Response> {
  return Promise.resolve(new Response("", { status: 404 }));
}

describe("a command of this repository that a page shows", () => {
  test("is found wherever one stands", () => {
    expect(ownCommands.length).toBeGreaterThan(30);
    expect(scripts.length).toBeGreaterThan(15);
    expect(new Set(shown.map(({ page }) => page)).size).toBeGreaterThan(15);
  });

  // In a world where nothing is there: whatever comes after the command line fails, and differently.
  test.each(ownCommands)("is understood: $line", async ({ words }) => {
    const { stdout } = await runInWorld([...words.slice(1).filter((word) => word !== "--json"), "--json"], {
      fetch: nothingThere,
    });
    expect(stdout).not.toContain("usage-invalid");
  });

  test.each([
    "mero-tee quote check quote.bin",
    "mero-tee quote verify quote.bin --force",
    "mero-tee doctor kms.example.com",
    "mero-tee policy evaluate --policy next.json --profile production --role node --quote q.bin --tcb-status UpToDate",
  ])("is refused where it could not work: %s", async (line) => {
    const { stdout } = await runInWorld([...line.split(" ").slice(1), "--json"]);
    expect(stdout).toContain("usage-invalid");
  });
});

/** The file behind a script of the repository or, with `--filter`, of a package, or after `exec`, and what follows it; null: there is none. */
function programOf(words: readonly string[]): { readonly program: string; readonly args: readonly string[] } | null {
  const room = words[0] === "--filter" ? (ROOMS.get(words[1] ?? "") ?? "nowhere") : "";
  const [name = "", ...args] = words[0] === "--filter" ? words.slice(2) : words;
  if (words[0] === "exec") {
    const at = words.findIndex((word) => word.endsWith(".ts"));
    return { program: words[at] ?? "", args: words.slice(at + 1) };
  }
  const file = /^(?:exec node_modules\/node\/bin\/)?node (?<file>\S+\.ts)$/.exec(scriptsOf(room)[name] ?? "")?.groups?.[
    "file"
  ];
  if (file !== undefined) return { program: join(room, file), args };
  return scriptsOf(room)[name] === undefined ? null : { program: "", args: [] };
}

function scriptsOf(room: string): Readonly<Record<string, string>> {
  const manifest: { readonly scripts?: Readonly<Record<string, string>> } = JSON.parse(
    readPage(join(room, "package.json")),
  );
  return manifest.scripts ?? {};
}

/** Where each package stands, by its name. */
const ROOMS = new Map(
  globSync(["packages/*/package.json", "apps/*/package.json"], { cwd: ROOT }).map((path) => {
    const { name }: { readonly name: string } = JSON.parse(readPage(path));
    return [name, join(path, "..")];
  }),
);

/** The options that a program declares, itself or in a file that it imports or starts. */
function optionsOf(program: string, depth = 2): readonly string[] {
  const source = readPage(program);
  const own = [...source.matchAll(/(?<=[\s{])"?(?<name>[a-z][a-z0-9-]*)"?: \{ type: "(?:string|boolean)"/g)];
  const files = [...source.matchAll(/"(?<path>\.{1,2}\/[^"]+\.ts)"/g)].map(({ groups }) =>
    join(dirname(program), groups?.["path"] ?? ""),
  );
  const near = depth === 0 ? [] : files.flatMap((file) => optionsOf(file, depth - 1));
  return [...own.map(({ groups }) => `--${groups?.["name"]}`), ...near];
}

describe("a script that a page shows", () => {
  test.each(scripts)("is there: $line", ({ words }) => {
    const found = programOf(words);
    expect(found).not.toBeNull();
    expect(existsSync(join(ROOT, found?.program ?? "nowhere"))).toBe(true);
  });

  const withFlags = scripts.flatMap(({ line, words }) => {
    const { program = "", args = [] } = programOf(words) ?? {};
    const flags = args.filter((word) => word.startsWith("--"));
    return flags.length === 0 ? [] : [{ line, program, flags }];
  });

  test.each(withFlags)("declares every flag of: $line", ({ program, flags }) => {
    const options = new Set(optionsOf(program));
    expect(flags.filter((flag) => !options.has(flag))).toEqual([]);
  });

  test("declares no flag that is made up", () => {
    expect(optionsOf("scripts/rehearse.ts")).toContain("--failures");
    expect(optionsOf("scripts/rehearse.ts")).not.toContain("--forever");
  });
});

/** Names that are no variable of a service or of the command, and the file that knows each. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  DEBIAN_MIRROR: "scripts/image/build.ts",
  KMS_COMMIT: "apps/kms-phala/image/Dockerfile",
  KMS_IMAGE_PROFILE: "apps/kms-phala/image/Dockerfile",
  KMS_VERSION: "apps/kms-phala/image/Dockerfile",
  MALLOC_ARENA_MAX: "apps/kms-phala/image/Dockerfile",
  MERO_TEE_EVIDENCE_PASS: "packages/tee-simulator/test/evidence-mutation.test.ts",
  MOCK_TDX_QUOTE_V1: "packages/kms-protocol/src/mock-quote.ts",
  SEPT_VE_DISABLE: "packages/tdx-quote/src/td-attributes.ts",
  TD_QE: "packages/tdx-quote/src/qe-identity.ts",
  TEE_TCB_SVN: "packages/tdx-quote/src/tcb-level.ts",
};

describe("a name in capitals that a page shows as code", () => {
  const WORD = /(?<![\w$])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)/g;
  const workflows = globSync(".github/workflows/*.yaml", { cwd: ROOT }).map((path) =>
    readFileSync(join(ROOT, path), "utf8"),
  );
  const ofWorkflows = workflows.flatMap((text) => [...text.matchAll(/\b(?:vars|secrets)\.(?<name>[A-Z0-9_]+)/g)]);
  const known = new Set<string>([
    ...Object.keys(KMS_SETTINGS),
    ...Object.keys(VERIFIER_SETTINGS),
    ...Object.keys(VARIABLES),
    ...KMS_PROBE_CODES,
    ...Object.keys(LANE_CODES),
    ...ofWorkflows.map(({ groups }) => groups?.["name"] ?? ""),
  ]);
  const named = PAGES.flatMap((page) => {
    const text = readPage(page).replaceAll(/^ {3}/gm, "");
    const blocks = [...text.matchAll(/^```(?:sh|console|env|text)\n(?<body>[\s\S]*?)^```$/gm)];
    const code = [...codeOf(proseOf(text)), ...blocks.map(({ groups }) => groups?.["body"] ?? "")].join("\n");
    return (code.match(WORD) ?? []).map((name) => ({ page, name }));
  });

  test("is found", () => {
    expect(named.length).toBeGreaterThan(100);
  });

  test("is one that something reads", () => {
    expect(named.filter(({ name }) => !known.has(name) && ELSEWHERE[name] === undefined)).toEqual([]);
  });

  test.each(Object.entries(ELSEWHERE))("%s is known to %s, and on a page", (name, file) => {
    expect(readPage(file)).toContain(name);
    expect(named.some((one) => one.name === name)).toBe(true);
  });
});
