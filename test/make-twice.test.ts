import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeTwice } from "../scripts/release/make-twice.ts";
import { Refusal } from "../scripts/script-outcome.ts";
import { ROOT } from "./markdown.ts";

const LIMIT_MS = 120_000;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-make-"));
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** Fills a directory, the second time as the change says; a file of which nothing is said is not made. */
function maker(change: Readonly<Record<string, string | null>> = {}) {
  let round = 0;
  return async (into: string): Promise<void> => {
    round += 1;
    const files = { "a.txt": "a", "below/b.txt": "b", ...(round === 1 ? {} : change) };
    await mkdir(join(into, "below"));
    for (const [name, text] of Object.entries(files)) if (text !== null) await writeFile(join(into, name), text);
  };
}

describe("what is made twice", () => {
  test("is kept where it is the same", async () => {
    const out = join(directory, "same");
    expect(await makeTwice(maker(), out)).toEqual(["a.txt", "below/b.txt"]);
    expect(await readFile(join(out, "below/b.txt"), "utf8")).toBe("b");
  });

  test.each([
    ["another file", { "below/b.txt": "c" }, "below/b.txt"],
    ["a longer file", { "a.txt": "aa" }, "a.txt"],
    ["a file less", { "a.txt": null }, "a.txt"],
    ["a file more", { "c.txt": "" }, "c.txt"],
  ])("is not kept with %s the second time", async (_, change, named) => {
    const made = makeTwice(maker(change), join(directory, "other"));
    await expect(made).rejects.toThrow(new Refusal(`made twice, and not the same: ${named}`));
    expect(await readdir(directory)).not.toContain("other");
  });

  test("is not kept where it is nothing, in place of something, or only compared", async () => {
    await expect(makeTwice(() => Promise.resolve(), join(directory, "nothing"))).rejects.toThrow("nothing was made");
    const mine = join(directory, "mine");
    await mkdir(mine);
    await writeFile(join(mine, "a.txt"), "mine");
    await expect(makeTwice(maker(), mine)).rejects.toThrow("already exists");
    expect(await readFile(join(mine, "a.txt"), "utf8")).toBe("mine");
    await makeTwice(maker(), null);
    expect((await readdir(directory)).toSorted()).toEqual(["mine", "same"]);
  });
});

async function build(script: string, args: readonly string[]) {
  const env = { GITHUB_SHA: "1".repeat(40), SOURCE_DATE_EPOCH: "1768472400" };
  const run = await execa(process.execPath, [join(ROOT, "scripts/release", script), ...args], {
    cwd: directory,
    env,
    reject: false,
  });
  return { exitCode: run.exitCode, stdout: run.stdout, stderr: run.stderr };
}

describe("the builds of a release", () => {
  const KMS = ["--mirror", "https://deb.invalid/debian", "--out", "built", "--context", "context"];

  test(
    "compare the service of the KMS, and leave nothing in a dry run",
    async () => {
      const run = await build("kms-build.ts", ["--version", "2.4.0", ...KMS, "--dry-run"]);
      expect(run).toMatchObject({ exitCode: 0, stderr: "" });
      expect(run.stdout).toBe(
        "the same twice: NOTICES.txt, kms-phala-binaries-sbom.spdx.json, mero-kms-phala.mjs, mero-kms-phala_node.tar.gz",
      );
      expect(await readdir(directory)).not.toContain("built");
    },
    LIMIT_MS,
  );

  test.each([
    ["kms-build.ts", ["--version", "latest", ...KMS]],
    ["kms-build.ts", ["--version", "2.4.0", ...KMS.slice(2)]],
    ["verifier-build.ts", ["--version", "latest", "--out", "built"]],
    ["verifier-build.ts", ["--version", "2.4.0"]],
  ])("do not begin: %s %j", async (script, args) => {
    expect(await build(script, args)).toMatchObject({ exitCode: 2, stdout: "" });
  });
});
