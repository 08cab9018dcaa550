import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { debianProgram } from "./debian-program.ts";
import { meroTee } from "./mero-tee.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
const FISH = await debianProgram("fish");
const ZSH = await debianProgram("zsh");

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-completion-"));
  for (const shell of SHELLS) await writeFile(join(directory, shell), (await meroTee(["completion", shell])).stdout);
  await writeFile(join(directory, "a quote.bin"), "");
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/**
 * Types into an interactive shell on a terminal of its own, where `mero-tee` shows the arguments that it was started with.
 *
 * @param line - may have TAB in it
 * @returns the arguments of the command that ran
 */
async function typed(shell: string, setup: string, line: string): Promise<readonly string[]> {
  const define = `mero-tee() { printf '{%s}' "$@"; printf ' ran\\n'; }; printf 'shell %s\\n' ready`;
  const child = execa("script", ["-qec", shell, "/dev/null"], {
    cwd: directory,
    env: { TERM: "dumb", PS1: "$ ", HOME: directory },
    reject: false,
    buffer: false,
    timeout: 60_000,
  });
  child.stdin.write(`${setup}; source ./${shell.split(" ")[0] ?? ""}; ${define}\n`);
  let screen = "";
  let isTyped = false;
  for await (const chunk of child.stdout) {
    screen += String(chunk);
    if (!isTyped && screen.includes("shell ready")) {
      isTyped = true;
      child.stdin.write(`${line}\n`);
    }
    if (/\} ran\r?\n/.test(screen)) break;
  }
  child.stdin.end("exit\n");
  await child;
  const shown = /^(?<words>(?:\{[^}]*\})+) ran/m.exec(screen)?.groups?.["words"] ?? "";
  return [...shown.matchAll(/\{(?<word>[^}]*)\}/g)].map(({ groups }) => groups?.["word"] ?? "");
}

const BASH = ["bash --norc --noprofile -i", ":"] as const;

describe("bash", () => {
  test.each([
    {
      name: "commands, flags and choices",
      line: "mero-tee rele\tveri\t--la\tkm\t",
      words: ["release", "verify", "--lane", "kms"],
    },
    {
      name: "a choice behind =",
      line: "mero-tee release verify --lane=no\t",
      words: ["release", "verify", "--lane=node"],
    },
    { name: "a file with a space", line: "mero-tee quote inspect a\t", words: ["quote", "inspect", "a quote.bin"] },
    {
      name: "a file behind a flag",
      line: "mero-tee quote verify --coll\ta\\ q\t",
      words: ["quote", "verify", "--collateral", "a quote.bin"],
    },
    { name: "the shells", line: "mero-tee compl\tfi\t", words: ["completion", "fish"] },
    {
      name: "nothing where it knows nothing",
      line: "mero-tee release download --out x 2\t",
      words: ["release", "download", "--out", "x", "2"],
    },
  ])("completes $name", async ({ line, words }) => {
    expect(await typed(...BASH, line)).toEqual(words);
  });
});

describe.skipIf(ZSH === null)("zsh", () => {
  test("completes commands, flags and choices", async () => {
    const words = await typed("zsh -f -i", "autoload -U compinit; compinit -u -D", "mero-tee rele\tveri\t--la\tkm\t");
    expect(words).toEqual(["release", "verify", "--lane=kms"]);
  });
});

describe.skipIf(FISH === null)("fish", () => {
  test.each([
    { line: "mero-tee rele", offers: ["release"] },
    { line: "mero-tee release ver", offers: ["verify"] },
    { line: "mero-tee release verify --lan", offers: ["--lane"] },
    { line: "mero-tee release verify --lane ", offers: ["kms", "node", "verifier"] },
    { line: "mero-tee quote inspect a", offers: ["a quote.bin"] },
    { line: "mero-tee release download 2", offers: [] },
  ])("offers $offers for: $line", async ({ line, offers }) => {
    const run = await execa(FISH ?? "fish", ["--no-config", "-c", `source ./fish; complete -C '${line}'`], {
      cwd: directory,
      env: { HOME: directory },
      stripFinalNewline: true,
    });
    const words = run.stdout.split("\n").flatMap((each) => each.split("\t")[0] || []);
    expect(words.toSorted()).toEqual(offers);
  });
});
