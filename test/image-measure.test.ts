import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { goodDisk, ROOT_HASH, ukiWith } from "../packages/image-measure/test/sample-image.ts";
import { meroTee } from "./mero-tee.ts";

const folder = mkdtempSync(join(tmpdir(), "mero-tee-image-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, content: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const disk = fileOf("disk.raw", goodDisk());
const uki = fileOf("node.efi", ukiWith());

async function measure(...args: readonly string[]): Promise<{ readonly exitCode: number; readonly document: unknown }> {
  const run = await meroTee(["image", "measure", ...args, "--json"]);
  return { exitCode: run.exitCode, document: JSON.parse(run.stdout) };
}

describe("mero-tee image measure", () => {
  test("says what a disk and its UKI measure as", async () => {
    const ofDisk = await measure("--disk", disk, "--profile", "debug");
    expect(ofDisk).toMatchObject({
      exitCode: 0,
      document: {
        profile: "debug",
        rootHash: ROOT_HASH,
        rtmr1: null,
        rtmr2: null,
        rtmr3: "478393c9bf068731cc4ffcad52261a55b8ac7f69fefdd42c2f90c08a28646905e1ae62742077043700714a76158922ee",
        gptDigest: expect.stringMatching(/^[0-9a-f]{96}$/),
        failure: null,
      },
    });
    const ofUki = await measure("--uki", uki, "--profile", "debug");
    expect(ofUki).toEqual({ ...ofDisk, document: { ...Object(ofDisk.document), gptDigest: null } });
    const text = await meroTee(["image", "measure", "--disk", disk, "--profile", "debug"]);
    expect(text.stdout).toContain(ROOT_HASH);
  });

  test.each([
    {
      name: "another profile",
      args: ["--disk", disk, "--profile", "locked-read-only"],
      exitCode: 10,
      code: "profile-mismatch",
    },
    { name: "a UKI for a disk", args: ["--disk", uki, "--profile", "debug"], exitCode: 10, code: "gpt-invalid" },
    { name: "a disk for a UKI", args: ["--uki", disk, "--profile", "debug"], exitCode: 10, code: "pe-invalid" },
    { name: "neither", args: ["--profile", "debug"], exitCode: 2, code: "usage-invalid" },
    { name: "both", args: ["--disk", disk, "--uki", uki, "--profile", "debug"], exitCode: 2, code: "usage-invalid" },
    { name: "no such disk", args: ["--disk", `${disk}x`, "--profile", "debug"], exitCode: 11, code: "file-missing" },
    {
      name: "a folder for a disk",
      args: ["--disk", folder, "--profile", "debug"],
      exitCode: 1,
      code: "file-unreadable",
    },
    { name: "no such UKI", args: ["--uki", `${uki}x`, "--profile", "debug"], exitCode: 11, code: "file-missing" },
    {
      name: "no such template",
      args: ["--disk", disk, "--profile", "debug", "--template", `${disk}x`],
      exitCode: 11,
      code: "file-missing",
    },
    {
      name: "a template that is no log",
      args: ["--disk", disk, "--profile", "debug", "--template", uki],
      exitCode: 10,
      code: "event-log-malformed",
    },
  ])("given $name ends with $exitCode and $code", async ({ args, exitCode, code }) => {
    expect(await measure(...args)).toMatchObject({ exitCode, document: { rtmr3: null, failure: { code } } });
  });
});
