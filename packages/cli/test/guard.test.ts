import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { documentOf, runInWorld } from "./run-cli.ts";

const PIN = "0123456789abcdef0123456789abcdef01234567";
const WORKFLOW = `name: x
on: pull_request
permissions: {}
jobs:
  check:
    permissions:
      contents: read
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@${PIN} # v7.0.0
      - run: node scripts/release/gate.ts
`;
const VERSIONS = {
  imageVersion: "2.4.0",
  merodVersion: "0.9.1",
  traefikVersion: "v3.1.4",
  nodeExporterVersion: "1.8.2",
  vmagentVersion: "1.105.0",
  vectorVersion: "0.42.0",
};
const LOCKFILE = "lockfileVersion: '9.0'\nimporters:\n  apps/kms-phala: {}\npackages: {}\n";
const CATALOG_ENTRY = {
  version: "2.3.0",
  kms_tag: "mero-kms-v2.3.0",
  node_image_tag: "mero-tee-v2.3.0",
  kms_policy_url:
    "https://github.com/calimero-network/mero-tee/releases/download/mero-kms-v2.3.0/kms-phala-attestation-policy.json",
  node_policy_url:
    "https://github.com/calimero-network/mero-tee/releases/download/mero-tee-v2.3.0/published-mrtds.json",
  kms_policy_sha256: "1".repeat(64),
};

/** A repository that every guard accepts. */
const GOOD: Readonly<Record<string, string>> = {
  ".github/workflows/ci.yaml": WORKFLOW,
  ".github/actions/setup/action.yaml": "runs:\n  using: composite\n  steps: []\n",
  "scripts/release/gate.ts": "",
  "scripts/policy/promote.ts": "",
  "scripts/attestation/probe.ts": "",
  "scripts/phala/kms-compose-template.yaml": "services:\n  kms:\n    image: __IMAGE_REF__\n",
  "packer/node.pkr.hcl": "",
  "ansible/site.yml": "",
  "docs/releases.md": "",
  "apps/kms-phala/package.json": '{ "version": "2.4.0" }',
  "pnpm-lock.yaml": LOCKFILE,
  "versions.json": JSON.stringify(VERSIONS),
  "compatibility-catalog.json": catalog([CATALOG_ENTRY]),
};

function catalog(releases: readonly object[]): string {
  return `${JSON.stringify({ schema_version: 1, releases }, null, 2)}\n`;
}

function workflow(from: string, to: string): Readonly<Record<string, string>> {
  return { ".github/workflows/ci.yaml": WORKFLOW.replace(from, to) };
}

function image(text: string): Readonly<Record<string, string>> {
  return { "apps/kms-phala/Dockerfile": text };
}

let root: string;

function git(...args: readonly string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
  return execFileSync("git", ["-C", root, ...identity, ...args], { encoding: "utf8" }).trim();
}

async function commit(files: Readonly<Record<string, string | null>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await (text === null ? rm(path) : writeFile(path, text));
  }
  git("add", "--all");
  git("commit", "--quiet", "--allow-empty", "--message", "x");
  return git("rev-parse", "HEAD");
}

async function guard(name: string, ...flags: readonly string[]) {
  const outcome = await runInWorld(["guard", name, "--root", root, ...flags, "--json"]);
  const document = documentOf<{ ok: boolean; rules: { id: string; status: string; message: string }[] }>(outcome);
  const failed = document.rules.filter(({ status }) => status === "fail");
  return { exitCode: outcome.exitCode, document, failed };
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mero-tee-guard-"));
  git("init", "--quiet", "--initial-branch", "master");
  await commit(GOOD);
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

describe("guard all", () => {
  test("accepts a repository that holds, and skips what is about a change", async () => {
    const { exitCode, document } = await guard("all");
    expect(document.rules.filter(({ status }) => status !== "pass").map(({ id }) => id)).toEqual(["G-03"]);
    expect(exitCode).toBe(0);
  });

  test("accepts a documented change", async () => {
    const base = git("rev-parse", "HEAD");
    await commit({ "scripts/release/gate.ts": "export {};", "docs/releases.md": "the gate" });
    const { exitCode, document } = await guard("all", "--base", base);
    expect(document.rules.every(({ status }) => status === "pass")).toBe(true);
    expect(exitCode).toBe(0);
  });

  test("says what is skipped, in words", async () => {
    const { stdout } = await runInWorld(["guard", "all", "--root", root]);
    expect(stdout).toContain("SKIP G-03  not judged: no change was given\n");
    expect(stdout).toMatch(/guards: 6 passed, 0 failed, 1 skipped\n$/);
  });
});

describe("a careless change", () => {
  test.each([
    {
      guardName: "allowed-env",
      id: "G-01",
      name: "a policy in a workflow",
      files: workflow("    steps:", "    env: { ALLOWED_RTMR3: '00' }\n    steps:"),
    },
    {
      guardName: "allowed-env",
      id: "G-01",
      name: "enforcement switched off in a compose template",
      files: {
        "scripts/phala/kms-compose-template.yaml":
          "services:\n  kms:\n    environment:\n      - ENFORCE_MEASUREMENT_POLICY=false\n",
      },
    },
    {
      guardName: "allowed-env",
      id: "G-01",
      name: "mock evidence in an image",
      files: image("FROM scratch\nENV ACCEPT_MOCK_ATTESTATION=true\n"),
    },
    {
      guardName: "allowed-env",
      id: "G-01",
      name: "a policy in a lane script",
      files: { "scripts/phala/provision.ts": 'const environment = { MERO_KMS_ALLOWED_MRTD: "00" };' },
    },
    {
      guardName: "pins",
      id: "G-08",
      name: "an action by tag",
      files: workflow(`checkout@${PIN} # v7.0.0`, "checkout@v7"),
    },
    {
      guardName: "pins",
      id: "G-08",
      name: "an action by tag inside an action of ours",
      files: { ".github/actions/setup/action.yaml": "runs:\n  using: composite\n  steps:\n    - uses: x/y@main\n" },
    },
    {
      guardName: "pins",
      id: "G-08",
      name: "a title in a shell",
      files: workflow("node scripts", "echo ${{ github.event.pull_request.title }} && node scripts"),
    },
    {
      guardName: "pins",
      id: "G-08",
      name: "a job without permissions",
      files: workflow("    permissions:\n      contents: read\n", ""),
    },
    { guardName: "pins", id: "G-05", name: "a base image by tag", files: image("FROM node:24 AS build\nFROM build\n") },
    {
      guardName: "pins",
      id: "G-05",
      name: "a base image by tag behind an argument",
      files: image("ARG BASE=node:24\nFROM ${BASE}\n"),
    },
    {
      guardName: "version-sync",
      id: "G-02",
      name: "one version bumped alone",
      files: { "apps/kms-phala/package.json": '{ "version": "2.5.0" }' },
    },
    {
      guardName: "version-sync",
      id: "G-02",
      name: "a KMS from a registry",
      files: { "pnpm-lock.yaml": LOCKFILE.replace("packages: {}", "packages:\n  '@mero-tee/kms-phala@9.9.9': {}") },
    },
    {
      guardName: "version-sync",
      id: "G-06",
      name: "a floating version",
      files: { "versions.json": JSON.stringify({ ...VERSIONS, merodVersion: "latest" }) },
    },
    {
      guardName: "docs",
      id: "G-03",
      name: "a lane without its docs",
      files: { "scripts/release/gate.ts": "export {};" },
    },
    { guardName: "docs", id: "G-03", name: "a guarded directory gone", files: { "scripts/policy/promote.ts": null } },
    {
      guardName: "catalog",
      id: "catalog",
      name: "a release forgotten",
      files: { "compatibility-catalog.json": catalog([]) },
    },
    {
      guardName: "catalog",
      id: "catalog",
      name: "a release exchanged",
      files: {
        "compatibility-catalog.json": catalog([{ ...CATALOG_ENTRY, kms_policy_sha256: "2".repeat(64) }]),
      },
    },
    {
      guardName: "catalog",
      id: "catalog",
      name: "a catalog that is none",
      files: { "compatibility-catalog.json": "[]" },
    },
    { guardName: "catalog", id: "catalog", name: "no catalog", files: { "compatibility-catalog.json": null } },
  ])("$name fails guard $guardName", async ({ guardName, id, files }) => {
    const base = git("rev-parse", "HEAD");
    await commit(files);
    const { exitCode, document, failed } = await guard(guardName, "--base", base);
    expect(failed.map((rule) => rule.id)).toEqual([id]);
    expect(exitCode).toBe(10);
    expect(document).toMatchObject({ ok: false, failure: { code: "guard-failed", stage: "guard" } });
    expect((await guard("all", "--base", base)).failed.map((rule) => rule.id)).toContain(id);
  });

  test("bumps one version where a reason is given", async () => {
    const base = git("rev-parse", "HEAD");
    await commit({ "apps/kms-phala/package.json": '{ "version": "2.5.0" }' });
    const waived = await guard("version-sync", "--base", base, "--waive-version-sync", "a hotfix of the KMS alone");
    expect(waived).toMatchObject({ exitCode: 0, failed: [] });
  });

  test("is seen before it is committed", async () => {
    await writeFile(join(root, ".github/workflows/new.yaml"), "jobs: { x: { steps: [] } }\n");
    expect((await guard("pins")).failed.map(({ id }) => id)).toEqual(["G-08"]);
  });

  test("offers nothing again that was withdrawn", async () => {
    const withdrawn = { ...CATALOG_ENTRY, withdrawn: { reason: "leak", at: "2026-02-01T00:00:00Z" } };
    const base = await commit({ "compatibility-catalog.json": catalog([withdrawn]) });
    await commit({ "compatibility-catalog.json": catalog([CATALOG_ENTRY]) });
    const { failed } = await guard("catalog", "--base", base);
    expect(failed.map(({ message }) => message)).toEqual(["2.3.0 was withdrawn, and is offered again."]);
  });
});

describe("a guard that cannot judge", () => {
  test("says so about YAML that can be read two ways", async () => {
    await commit({ ".github/workflows/ci.yaml": `${WORKFLOW}name: y\n` });
    const { exitCode, document } = await guard("pins");
    expect(exitCode).toBe(10);
    expect(document).toMatchObject({ failure: { code: "input-unrecognised" } });
  });

  test("needs a change to ask whether it is documented", async () => {
    expect((await guard("docs")).exitCode).toBe(2);
  });

  test("fails where there is no repository, and where the commit is unknown", async () => {
    const unknown = await guard("all", "--base", PIN);
    expect(unknown).toMatchObject({ exitCode: 1, document: { failure: { code: "repository-unreadable" } } });
    await rm(join(root, ".git"), { recursive: true });
    expect((await guard("all")).document).toMatchObject({ failure: { code: "repository-unreadable" } });
  });

  test("judges no versions where there is no image, and demands them where there is one", async () => {
    await commit({ "versions.json": null });
    expect((await guard("version-sync")).failed.map(({ id }) => id)).toEqual(["G-06"]);
    await commit({ "packer/node.pkr.hcl": null, "ansible/site.yml": null });
    expect((await guard("version-sync")).document.rules.map(({ status }) => status)).toEqual(["skip", "skip"]);
  });
});
