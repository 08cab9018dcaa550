import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { PROFILES } from "../../packages/policy/src/index.ts";
import { type Finding, type LevelRequest, timed } from "./level.ts";
import { exchangedDownloads, parseLock } from "./lock-changes.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COMMON = { version: "2.4.0", commit: "0".repeat(40), project_id: "project-1" } as const;

interface Template {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

const TEMPLATES: readonly Template[] = [
  { folder: "offline", variables: { bucket: "bucket-1", output_directory: "out" } },
  {
    folder: "builder",
    variables: { zone: "europe-west4-a", source_image: "debian-13-trixie-v20261110", output_directory: "out" },
  },
];

/** The shell scripts below a folder: the files with such a first line. */
async function shellScripts(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const { stdout } = await execa("grep", ["-lE", "^#!/bin/(ba)?sh|^# shellcheck shell=", "--", ...paths.toSorted()]);
  return stdout.split("\n");
}

/** What is wrong with a template, without the file that Packer before 1.7 cannot read. */
async function validateTemplate({ folder, variables }: Template): Promise<readonly string[]> {
  const copy = await mkdtemp(join(tmpdir(), "packer-"));
  try {
    await cp(join(ROOT, "packer", folder), copy, { recursive: true, dereference: true });
    await rm(join(copy, "plugins.pkr.hcl"));
    const problems: string[] = [];
    for (const lockdownProfile of [...PROFILES, "prod"]) {
      const given = Object.entries({ ...COMMON, ...variables, lockdown_profile: lockdownProfile });
      const args = given.flatMap(([name, value]) => ["-var", `${name}=${value}`]);
      const { exitCode, all } = await execa("packer", ["validate", ...args, copy], {
        cwd: ROOT,
        reject: false,
        all: true,
      });
      const isAccepted = exitCode === 0;
      const isKnown = PROFILES.some((profile) => profile === lockdownProfile);
      if (isAccepted && !isKnown) problems.push(`${folder} accepts ${lockdownProfile}`);
      if (!isAccepted && isKnown) problems.push(`${folder} refuses ${lockdownProfile}: ${all}`);
      if (!isAccepted && !all.includes("lockdown_profile must be")) problems.push(`${folder}: ${all}`);
    }
    return problems;
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** What was exchanged in the lock file since a commit; nothing where that had none. */
async function lockChanges(base: string): Promise<readonly string[]> {
  const path = "ansible/downloads.lock.json";
  const listed = await execa("git", ["ls-tree", "--name-only", base, "--", path], { cwd: ROOT });
  if (listed.stdout === "") return [];
  const { stdout } = await execa("git", ["show", `${base}:${path}`], { cwd: ROOT });
  return exchangedDownloads(parseLock(stdout), parseLock(await readFile(join(ROOT, path), "utf8")));
}

async function runs(program: string, args: readonly string[], cwd = ROOT): Promise<readonly string[]> {
  const result = await execa(program, args, { cwd, reject: false, all: true });
  return result.exitCode === 0 ? [] : [result.all ?? result.message];
}

const CHECKS = {
  "ansible-lint": async () =>
    await runs("ansible-lint", ["--offline", "--profile", "production", "--nocolor"], join(ROOT, "ansible")),
  yamllint: async () => await runs("yamllint", ["--strict", "-c", ".yamllint", "."], join(ROOT, "ansible")),
  shellcheck: async () =>
    await runs("shellcheck", [...(await shellScripts("ansible")), ...(await shellScripts("packer"))]),
  "packer fmt": async () => [
    ...(await runs("packer", ["fmt", "-check", "packer/offline"])),
    ...(await runs("packer", ["fmt", "-check", "packer/builder"])),
  ],
  "packer validate": async () => (await Promise.all(TEMPLATES.map(validateTemplate))).flat(),
} as const;

/**
 * The static checks of what makes node images: the playbook, the shell scripts of the image, the Packer templates, which must accept their
 * profiles and refuse others; and, against a commit, that no download of the lock file was exchanged under its version.
 */
export async function* lintLevel({ base }: LevelRequest): AsyncGenerator<Finding> {
  const checks = { ...CHECKS, "lock file": async () => await lockChanges(base) };
  for (const [name, check] of Object.entries(checks)) {
    yield await timed(name, null, async () => {
      const problems = await check();
      return { problems: problems.length === 0 ? [] : [problems.join("\n")] };
    });
  }
}
