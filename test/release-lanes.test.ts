import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { releaseInputs } from "../packages/release-artifacts/test/release-world.ts";
import { ROOT } from "./markdown.ts";
import { meroTee } from "./mero-tee.ts";

const LIMIT_MS = 60_000;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-lanes-"));
  for (const lane of ["kms", "node", "verifier"] as const) {
    await cp(join(ROOT, "docs"), join(directory, `${lane}-in`, "docs"), { recursive: true });
    for (const [name, content] of await releaseInputs(lane))
      await writeFile(join(directory, `${lane}-in`, name), content);
  }
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function assemble(lane: string, out: string, ...more: readonly string[]) {
  const run = ["--commit", "aed4e223e6c3b94322280fef57aa739cd233ca2d", "--run-id", "7100000001", "--run-attempt", "1"];
  const paths = ["--in", join(directory, `${lane}-in`), "--out", join(directory, out)];
  const args = ["release", "assemble", "--lane", lane, "--version", "2.4.0", ...paths, ...run, ...more];
  return await meroTee(args, { SOURCE_DATE_EPOCH: "1768472400" });
}

async function contentsOf(name: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(join(directory, name))).toSorted();
  const contents = await Promise.all(
    names.map(async (each) => (await readFile(join(directory, name, each))).toString("base64")),
  );
  return new Map(names.map((each, index) => [each, contents[index] ?? ""]));
}

describe("release assemble", () => {
  test.each(["node", "kms", "verifier"])(
    "writes a %s release that holds, and the same bytes again",
    async (lane) => {
      const first = await assemble(lane, `${lane}-out`);
      expect(first).toMatchObject({ exitCode: 0, stderr: "" });
      expect(first.stdout).toMatch(
        new RegExp(`release 2\\.4\\.0 \\(${lane}\\): \\d+ passed, 0 failed, \\d+ skipped\\n$`),
      );
      expect((await assemble(lane, `${lane}-again`)).exitCode).toBe(0);
      expect(await contentsOf(`${lane}-again`)).toEqual(await contentsOf(`${lane}-out`));
    },
    LIMIT_MS,
  );

  test(
    "never replaces a directory, and leaves nothing behind",
    async () => {
      const outcome = await assemble("node", "node-in", "--json");
      expect(outcome.exitCode).toBe(1);
      expect(JSON.parse(outcome.stdout)).toMatchObject({ failure: { code: "file-unwritable" } });
      expect((await readdir(directory)).filter((name) => name.startsWith("."))).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "writes notes that name images, measurements and how to verify",
    async () => {
      await assemble("kms", "kms-notes", "--notes", join(directory, "notes.md"));
      const notes = await readFile(join(directory, "notes.md"), "utf8");
      for (const words of ["# KMS for Phala 2.4.0", "`mero-tee-v2.4.0`", "mero-kms-phala@sha256:", "--lane kms"])
        expect(notes).toContain(words);
    },
    LIMIT_MS,
  );

  test("needs the time of the commit, and every input", async () => {
    const args = [
      "release",
      "assemble",
      "--lane",
      "kms",
      "--version",
      "2.4.0",
      "--in",
      directory,
      "--out",
      join(directory, "x"),
    ];
    const run = ["--commit", "0".repeat(40), "--run-id", "1", "--run-attempt", "1", "--json"];
    expect((await meroTee([...args, ...run])).exitCode).toBe(2);
    expect((await meroTee([...args, ...run], { SOURCE_DATE_EPOCH: "0" })).exitCode).toBe(11);
    const workflow = {
      SOURCE_DATE_EPOCH: "0",
      GITHUB_SHA: "0".repeat(40),
      GITHUB_RUN_ID: "1",
      GITHUB_RUN_ATTEMPT: "1",
    };
    expect((await meroTee(args, workflow)).exitCode).toBe(11);
    const outside = await meroTee(args, { ...workflow, GITHUB_RUN_ID: "" });
    expect([outside.exitCode, outside.stderr]).toEqual([2, expect.stringContaining("--run-id")]);
  });

  test(
    "refuses to call a release good whose probe was of another machine",
    async () => {
      await cp(join(directory, "node-in"), join(directory, "odd-in"), { recursive: true });
      const file = join(directory, "odd-in", "mrtd-debug.json");
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace(/"tee_info_mrtd": ?"[0-9a-f]{2}/, '"tee_info_mrtd": "00'));
      const outcome = await meroTee(
        [
          "release",
          "assemble",
          "--lane",
          "node",
          "--version",
          "2.4.0",
          "--in",
          join(directory, "odd-in"),
          "--out",
          join(directory, "odd"),
          "--commit",
          "aed4e223e6c3b94322280fef57aa739cd233ca2d",
          "--run-id",
          "7100000001",
          "--run-attempt",
          "1",
        ],
        { SOURCE_DATE_EPOCH: "1768472400" },
      );
      expect(outcome.exitCode).toBe(10);
      expect(outcome.stdout).toMatch(/FAIL X-10 +mrtd-debug\.json has MRTD /);
    },
    LIMIT_MS,
  );
});

describe("release verify", () => {
  test(
    "does not take staged files for a release",
    async () => {
      await assemble("node", "node-staged");
      const outcome = await meroTee(["release", "verify", join(directory, "node-staged"), "--lane", "node", "--json"]);
      expect(outcome.exitCode).toBe(10);
      const failed = [...outcome.stdout.matchAll(/"id": "(?<id>[^"]+)",\s*"status": "fail"/g)].map(
        ({ groups }) => groups?.["id"],
      );
      expect(failed).toEqual(["AS-04", "C-02"]);
      expect(outcome.stdout.match(/"status": "pass"/g)?.length).toBeGreaterThan(20);
    },
    LIMIT_MS,
  );
});
