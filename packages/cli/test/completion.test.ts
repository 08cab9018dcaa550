import { describe, expect, test } from "vitest";

import { documentOf, runInWorld } from "./run-cli.ts";

/** Every flag that the help of a command shows. */
async function flagsOf(words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runInWorld([...words, "--help"]);
  return [...(stdout.split("\nFLAGS\n")[1] ?? "").matchAll(/^ {1,6}(?:-[a-z] +)?\[?(?<flag>--[a-z][a-z-]*)/gm)].map(
    ({ groups }) => groups?.["flag"] ?? "",
  );
}

describe("completion", () => {
  test.each(["bash", "zsh", "fish"])("for %s knows every flag that a command's help shows", async (shell) => {
    const { stdout, exitCode } = await runInWorld(["completion", shell]);
    expect(exitCode).toBe(0);
    for (const words of [
      ["quote", "verify"],
      ["release", "verify"],
      ["compat", "update"],
      ["simulator", "start"],
    ]) {
      const known = stdout
        .split("\n")
        .filter((line) => line.includes(`/${words.join("/")}`) || line.includes("_arguments"));
      const flags = await flagsOf(words);
      expect(flags.length).toBeGreaterThan(3);
      const spelled = flags.map((flag) => (shell === "fish" ? `-l '${flag.slice(2)}'` : flag));
      expect(spelled.filter((flag) => !known.some((line) => line.includes(flag)))).toEqual([]);
    }
  });

  test("gives a pipeline the script in its document", async () => {
    const people = await runInWorld(["completion", "bash"]);
    const machines = documentOf(await runInWorld(["completion", "bash", "--json"]));
    expect(machines).toEqual({ schemaVersion: 1, shell: "bash", script: people.stdout, failure: null });
  });

  test("refuses a shell that it has no script for", async () => {
    const { exitCode, stderr } = await runInWorld(["completion", "tcsh"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("bash, zsh or fish");
  });
});
