import { describe, expect, test } from "vitest";

import { documentOf, runInWorld } from "./run-cli.ts";

/** Every group and command, as `--help` itself shows the way to it: one that was added is in here. */
async function linesBelow(words: readonly string[]): Promise<readonly (readonly string[])[]> {
  const { stdout } = await runInWorld([...words, "--help"]);
  const names = [...(stdout.split("\nCOMMANDS\n")[1] ?? "").matchAll(/^ {2}(?<name>\S+)/gm)];
  const below = await Promise.all(names.map(({ groups }) => linesBelow([...words, groups?.["name"] ?? ""])));
  return [words, ...below.flat()];
}

const COMMAND_LINES = await linesBelow([]);

describe("--help", () => {
  test.each(COMMAND_LINES.map((words) => ({ line: ["mero-tee", ...words].join(" "), words })))(
    "$line explains itself with usage and one example",
    async ({ words }) => {
      const { exitCode, stdout, stderr } = await runInWorld([...words, "--help"]);
      expect(exitCode).toBe(0);
      expect(stderr).toBe("");
      expect(stdout).toContain(`USAGE\n  mero-tee ${words.join(" ")}`.trimEnd());
      expect(stdout.match(/^EXAMPLE$/gm)).toHaveLength(1);
      expect(stdout).toMatch(/\nEXAMPLE\n(?: {2}# .+\n)* {2}.*\bmero-tee /);
      expect(stdout).not.toContain("\u001B");
    },
  );

  // An example is there to be copied, so a value in it stays whole.
  const LONG_VALUE = /^ {4}--[a-z-]+ \S{60,}(?: \\)?$/;
  test.each(COMMAND_LINES.map((words) => ({ line: ["mero-tee", ...words].join(" "), words })))(
    "$line is read whole in 80 columns",
    async ({ words }) => {
      const { stdout } = await runInWorld([...words, "--help"]);
      expect(stdout.split("\n").filter((line) => line.length > 80 && !LONG_VALUE.test(line))).toEqual([]);
    },
  );

  test("an example that goes on in the next line is one command for a shell", async () => {
    const { stdout } = await runInWorld(["policy", "merod-config", "--help"]);
    expect(stdout).toContain(" \\\n    --profile locked-read-only --kms-url https://kms.example.com\n");
  });

  test("every command is among them", () => {
    expect(COMMAND_LINES.length).toBeGreaterThan(35);
    expect(COMMAND_LINES).toContainEqual(["release", "trusted-root", "show"]);
  });

  test("a group alone shows its help", async () => {
    expect(await runInWorld(["quote"])).toEqual(await runInWorld(["quote", "--help"]));
  });

  test("--version prints the version", async () => {
    expect(await runInWorld(["--version"])).toEqual({ exitCode: 0, stdout: "1.2.3\n", stderr: "" });
  });
});

describe("a command line that cannot be understood", () => {
  const LINES = [
    { name: "an unknown command", args: ["attest"] },
    { name: "a word that is nearly a command", args: ["polic"] },
    { name: "an unknown command of a group", args: ["quote", "sign"] },
    { name: "a missing argument", args: ["quote", "inspect"] },
    { name: "an unknown flag", args: ["quote", "inspect", "a", "--force"] },
    { name: "a flag without its value", args: ["quote", "verify", "a", "--at"] },
    {
      name: "a flag given twice",
      args: ["quote", "verify", "a", "--at", "2025-06-25T00:00:00Z", "--at", "2025-06-25T00:00:00Z"],
    },
    { name: "an argument for the simulator", args: ["simulator", "backwards"] },
    { name: "a port that is none", args: ["dev", "--kms-port", "65536"] },
    { name: "an empty Redis URL", args: ["dev", "--redis", " "] },
  ];

  test.each(LINES)("$name ends in 2, with a sentence on standard error", async ({ args }) => {
    const { exitCode, stdout, stderr } = await runInWorld(args);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^✗ Failed {2}.+[^.?][.?] Try mero-tee(?: [a-z-]+)* --help\.\n/);
    expect(stderr).toMatch(/^ {2}more {3}docs\/errors\.md#usage-invalid$/m);
  });

  test.each([
    { args: ["attest"], help: "mero-tee --help" },
    { args: ["quote", "sign"], help: "mero-tee quote --help" },
    { args: ["release", "trusted-root", "show", "x"], help: "mero-tee release trusted-root show --help" },
    { args: ["quote", "verify", "a", "--at"], help: "mero-tee quote verify --help" },
  ])("$args is sent to $help", async ({ args, help }) => {
    expect((await runInWorld(args)).stderr).toContain(` Try ${help}.\n`);
  });

  test.each(LINES)("$name still gives a pipeline its one document", async ({ args }) => {
    const outcome = await runInWorld([...args.filter((word) => word !== "--"), "--json"]);
    expect(outcome).toMatchObject({ exitCode: 2, stderr: "" });
    expect(documentOf(outcome)).toEqual({
      schemaVersion: 1,
      failure: { code: "usage-invalid", stage: "usage", message: expect.stringMatching(/\.$/) },
    });
  });

  test("a file that is called --json is no flag behind --", async () => {
    const { exitCode, stdout, stderr } = await runInWorld(["quote", "inspect", "--", "--json"]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 11, stdout: "" });
    expect(stderr).toContain("There is no file --json.");
  });
});

describe("colour", () => {
  test("is used on a terminal, and only there", async () => {
    expect((await runInWorld(["quote", "inspect", "a"], { isTerminal: true })).stderr).toContain("\u001B[");
    expect((await runInWorld(["quote", "inspect", "a"])).stderr).not.toContain("\u001B[");
  });

  test("obeys NO_COLOR and FORCE_COLOR, and never enters a document", async () => {
    const args = ["quote", "inspect", "a"];
    const plain = await runInWorld(args, { isTerminal: true, environment: { NO_COLOR: "1" } });
    expect(plain.stderr).not.toContain("\u001B[");
    const forced = await runInWorld(args, { environment: { FORCE_COLOR: "1" } });
    expect(forced.stderr).toContain("\u001B[");
    const document = await runInWorld([...args, "--json"], { environment: { FORCE_COLOR: "1" } });
    expect(document.stdout).not.toContain("\u001B");
  });
});

describe("without a checkout", () => {
  test.each([
    { args: ["simulator"] },
    { args: ["simulator", "start"] },
    { args: ["simulator", "defects"] },
    { args: ["dev"] },
  ])("$args says so, and ends in 2", async ({ args }) => {
    const people = await runInWorld(args, { checkout: null });
    expect(people).toMatchObject({ exitCode: 2, stdout: "" });
    expect(people.stderr).toContain("only a checkout of the repository has them");
    const machines = await runInWorld([...args, "--json"], { checkout: null });
    expect(machines.exitCode).toBe(2);
    expect(documentOf(machines)).toMatchObject({
      schemaVersion: 1,
      failure: { code: "checkout-required", stage: "usage" },
    });
  });
});
