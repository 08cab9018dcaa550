import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { laneMachinery, type Answer } from "./machinery.ts";

const lane = laneMachinery();

describe("the gate of a lane", () => {
  const version = "2.4.0";
  const question = `GET /repos/owner/name/releases/tags/mero-kms-v${version}`;

  const gate = async (environment: Readonly<Record<string, string>> = {}, at = version, ...more: readonly string[]) => {
    await mkdir(join(lane.directory, "apps/kms-phala"), { recursive: true });
    await writeFile(join(lane.directory, "apps/kms-phala/package.json"), JSON.stringify({ version: at }));
    return await lane.script("release/gate.ts", ["--lane", "kms", "--root", lane.directory, ...more], environment);
  };

  test("opens for a version that has no release yet", async () => {
    const run = await gate();
    expect(run).toMatchObject({ exitCode: 0, stdout: `mero-kms-v${version} is to be published` });
    expect(run.outputs).toContain(`run=true\nversion=${version}\ntag=mero-kms-v${version}\nprerelease=false\n`);
    expect(lane.requests.map(({ line }) => line)).toEqual([question]);
  });

  test("only says what it would do in a dry run", async () => {
    const run = await gate({}, version, "--dry-run");
    expect(run).toMatchObject({ exitCode: 0, stdout: `mero-kms-v${version} is to be published`, outputs: "" });
  });

  test("stays shut for one that has, and for anything but a push to master", async () => {
    lane.answers = { [question]: { body: { tag_name: `mero-kms-v${version}` } } };
    expect((await gate()).outputs).toContain("run=false\n");
    lane.answers = {};
    for (const environment of [{ GITHUB_REF: "refs/heads/x" }, { GITHUB_EVENT_NAME: "workflow_dispatch" }]) {
      expect((await gate(environment)).outputs).toContain("run=false\n");
    }
  });

  test.each([
    { name: "GitHub does not say", answer: { status: 500 } },
    { name: "GitHub speaks of another release", answer: { body: { tag_name: "mero-kms-v9.9.9" } } },
  ])("decides nothing when $name", async ({ answer }) => {
    lane.answers = { [question]: answer };
    expect(await gate()).toMatchObject({ exitCode: 1, outputs: "" });
  });

  test("stays shut for a lane before its first release, and for a version that is none", async () => {
    expect(await gate({}, "0.0.0")).toMatchObject({ exitCode: 0, outputs: expect.stringContaining("run=false\n") });
    expect(await gate({}, "2.4")).toMatchObject({ exitCode: 10, outputs: "" });
  });

  describe("that needs the node release", () => {
    const published = "GET /repos/owner/name/releases/tags/mero-tee-v2.4.0";
    const listed = "GET /repos/owner/name/actions/workflows/release-node-image-gcp.yaml/runs?branch=master&per_page=20";
    const commit = "ab".repeat(20);
    const args = ["--version", "2.4.0", "--pause-seconds", "0", "--tries", "5"];
    const wait = async (runs: readonly object[], more: Record<string, Answer> = {}, ...flags: readonly string[]) => {
      lane.answers = { [listed]: { body: { workflow_runs: runs } }, ...more };
      lane.requests = [];
      return await lane.script("release/await-release.ts", [...args, ...flags], { GITHUB_SHA: commit });
    };
    const active = { head_sha: commit, status: "in_progress", conclusion: null };
    const failed = { head_sha: commit, status: "completed", conclusion: "failure" };
    const older = { head_sha: "cd".repeat(20), status: "completed", conclusion: "success" };

    test("goes on when it is published", async () => {
      const there = { [published]: { body: { tag_name: "mero-tee-v2.4.0" } } };
      expect(await wait([failed, older], there)).toMatchObject({ exitCode: 0 });
      expect(await lane.script("release/await-release.ts", [])).toMatchObject({ exitCode: 2 });
    });

    test.each([
      ["waits while the node lane works, and not for ever", [active, older], 1, "NODE_RELEASE_TIMEOUT", 5],
      [
        "waits for a run of an older commit as well",
        [{ ...active, head_sha: "ef".repeat(20) }],
        1,
        "NODE_RELEASE_TIMEOUT",
        5,
      ],
      ["stops when the node lane failed on this commit", [failed, older], 10, "NODE_RELEASE_FAILED", 1],
      ["waits when a failed run was started again", [failed, active], 1, "NODE_RELEASE_TIMEOUT", 5],
      ["stops when nobody is making one, after a while", [older], 11, "NODE_RELEASE_MISSING", 3],
    ])("%s", async (_, runs, exitCode, code, looks) => {
      const run = await wait(runs);
      expect(run.exitCode).toBe(exitCode);
      expect(run.stdout + run.stderr).toContain(`reason=${code}`);
      expect(lane.requests.filter(({ line }) => line === published)).toHaveLength(looks);
    });

    test("is not waited for in a dry run, which looks once", async () => {
      const run = await wait([active], {}, "--dry-run");
      expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("would be waited for") });
      expect(lane.requests.filter(({ line }) => line === published)).toHaveLength(1);
      expect(await wait([failed], {}, "--dry-run")).toMatchObject({ exitCode: 10 });
    });

    test("decides nothing where GitHub does not say", async () => {
      expect(await wait([], { [listed]: { status: 502 } })).toMatchObject({ exitCode: 1 });
      expect(await wait([active], { [published]: { status: 502 } })).toMatchObject({ exitCode: 1 });
    });
  });
});

describe("a run that artifacts are taken from", () => {
  const OURS = {
    id: 71,
    head_repository: { full_name: "owner/name" },
    head_branch: "master",
    event: "workflow_dispatch",
    path: ".github/workflows/release-e2e.yaml",
    display_title: "Release end to end 2.4.0",
    conclusion: "success",
  };
  const judge = async (changes: object, ...more: readonly string[]) => {
    lane.answers = { "GET /repos/owner/name/actions/runs/71": { body: { ...OURS, ...changes } } };
    return await lane.script("release/own-run.ts", ["--run", "71", "--workflow", "release-e2e.yaml", ...more]);
  };
  const TITLE = ["--title", "Release end to end 2.4.0"];

  test("is one of ours", async () => {
    expect(await judge({}, ...TITLE)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await judge({ path: `${OURS.path}@master`, conclusion: "failure" })).toMatchObject({ exitCode: 0 });
    expect(lane.requests[0]?.headers.authorization).toBe("Bearer t");
  });

  test.each([
    ["of a fork", { head_repository: { full_name: "mallory/name" } }, []],
    ["of a fork that is gone", { head_repository: null }, []],
    ["of a pull request", { event: "pull_request" }, []],
    ["of a branch", { head_branch: "x" }, []],
    ["of another workflow", { path: ".github/workflows/ci.yaml" }, []],
    ["of another version", { display_title: "Release end to end 2.3.0" }, TITLE],
    ["that failed", { conclusion: "failure" }, TITLE],
    ["that is not done", { conclusion: null }, TITLE],
  ])("is none %s", async (_, changes, more) => {
    const run = await judge(changes, ...more);
    expect(run).toMatchObject({ exitCode: 10, stderr: expect.stringContaining("run 71 is not ours") });
  });

  test("is none that GitHub does not speak of, and no id is a path", async () => {
    expect(await judge({ id: 72 })).toMatchObject({ exitCode: 1 });
    lane.answers = {};
    const args = ["--workflow", "release-e2e.yaml", "--run"];
    expect(await lane.script("release/own-run.ts", [...args, "71"])).toMatchObject({ exitCode: 1 });
    expect(await lane.script("release/own-run.ts", [...args, "71/../72"])).toMatchObject({ exitCode: 2 });
  });
});
