import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "./markdown.ts";
import { meroTee } from "./mero-tee.ts";

const LIMIT_MS = 120_000;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-verifier-files-"));
  for (const name of ["web/site/index.html", "web/single/verifier-offline.html", "api/service.js"]) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), `stand-in of ${name}\n`);
  }
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function pack(out: string, releases: readonly object[]) {
  const catalog = join(directory, "catalog.json");
  await writeFile(catalog, JSON.stringify({ schema_version: 1, releases }));
  const args = ["--version", "0.1.0", "--out", join(directory, out), "--catalog", catalog];
  const built = ["--web", join(directory, "web"), "--api", join(directory, "api")];
  return await execa(process.execPath, [join(ROOT, "scripts/release/verifier-files.ts"), ...args, ...built], {
    env: { SOURCE_DATE_EPOCH: "1768472400" },
    reject: false,
  });
}

function release(version: string, state: object): object {
  const url = "https://example.com/x";
  const tags = { kms_tag: `mero-kms-v${version}`, node_image_tag: `mero-tee-v${version}` };
  return { version, ...tags, kms_policy_url: url, node_policy_url: url, ...state };
}

describe("the files of a verifier release", () => {
  test(
    "are what its lane assembles, and name the newest release that was tested and holds",
    async () => {
      const withdrawn = { tested: true, withdrawn: { reason: "leak", at: "2026-02-01T00:00:00Z" } };
      const releases = [
        release("2.3.0", { tested: true }),
        release("2.4.0", withdrawn),
        release("2.5.0", { tested: false }),
      ];
      expect(await pack("built", releases)).toMatchObject({ exitCode: 0, stderr: "" });
      const build = JSON.parse(await readFile(join(directory, "built/verifier-build.json"), "utf8"));
      expect(build.tested_with).toEqual({ kms: "2.3.0", node: "2.3.0" });
      const inside = await readFile(join(directory, "built/mero-verifier-sbom.spdx.json"), "utf8");
      for (const name of ["react", "@noble/hashes", "zod"]) expect(inside).toContain(`"name": "${name}"`);
      const where = ["--in", join(directory, "built"), "--out", join(directory, "release")];
      const run = ["--commit", "1".repeat(40), "--run-id", "1", "--run-attempt", "1"];
      const assembled = await meroTee(
        ["release", "assemble", "--lane", "verifier", "--version", "0.1.0", ...where, ...run],
        {
          SOURCE_DATE_EPOCH: "1768472400",
        },
      );
      expect(assembled.stdout).toMatch(/release 0\.1\.0 \(verifier\): \d+ passed, 0 failed, \d+ skipped\n$/);
      expect(assembled.exitCode).toBe(0);
    },
    LIMIT_MS,
  );

  test("are not made where there is nothing to have been tested with", async () => {
    expect(await pack("nothing", [release("2.5.0", { tested: false })])).toMatchObject({ exitCode: 10, stdout: "" });
    expect(existsSync(join(directory, "nothing"))).toBe(false);
  });
});
