import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSteps } from "../scripts/release/lane-steps.ts";
import { at, listAt, textAt } from "../scripts/release/mero-tee.ts";
import { type LaneTools, releaseSteps } from "../scripts/release/release-lane.ts";
import { prepareSteps, setScene } from "../scripts/rehearsal/play.ts";
import { takeRelease } from "../scripts/release/take-release.ts";
import { createRehearsalWorld, type RehearsalWorld, toolsOf } from "../scripts/rehearsal/world.ts";
import { ROOT } from "./markdown.ts";
import { stopOf } from "./stop-of.ts";

const LIMIT_MS = 120_000;
const TAG = "mero-verifier-v0.1.0";

let world: RehearsalWorld;
let restore: () => Promise<void>;
let tools: LaneTools;

beforeAll(async () => {
  world = await createRehearsalWorld();
  const scene = await setScene(world, "verifier");
  const { run } = scene;
  tools = toolsOf(world, run);
  const { stop } = await runSteps([...prepareSteps(scene), ...releaseSteps(run, tools)]);
  if (stop !== null) throw new Error(stop.message);
  restore = await world.github.snapshot();
}, LIMIT_MS);

afterAll(async () => {
  await world.close();
});

async function published(): Promise<readonly string[]> {
  return await readdir(world.github.directoryOf(TAG));
}

function statePath(name: string): string {
  return join(world.directory, `${name}.json`);
}

async function audit(state: string | null, ...more: readonly string[]) {
  const remembered = state === null ? [] : ["--state", statePath(state)];
  return await tools.meroTee(["release", "audit", "--trusted-root", world.trustedRootFile, ...remembered, ...more]);
}

async function take(out: string, version = "0.1.0") {
  const { meroTee } = tools;
  const path = join(world.directory, out);
  return await takeRelease({ meroTee, lane: "verifier", version, out: path, trustedRoot: world.trustedRootFile });
}

describe("release list", () => {
  test("shows what is published, by lane", async () => {
    const { document, exitCode } = await tools.meroTee(["release", "list"]);
    expect(exitCode).toBe(0);
    expect(listAt(document, "releases")).toMatchObject([
      { tag: TAG, lane: "verifier", version: "0.1.0", assets: (await published()).length },
    ]);
    const other = await tools.meroTee(["release", "list", "--lane", "kms"], "text");
    expect(other.stdout).toBe("calimero-network/mero-tee has no such release\n");
    expect((await tools.meroTee(["release", "list"], "text")).stdout).toContain(TAG);
  });
});

describe("taking a release", () => {
  test("leaves every file of one that holds", async () => {
    await restore();
    const { document } = await take("taken");
    expect(at(document, "ok")).toBe(true);
    expect((await readdir(join(world.directory, "taken"))).toSorted()).toEqual((await published()).toSorted());
  });

  test("leaves nothing of one that does not hold, or that is another", async () => {
    await restore();
    await world.github.replaceAsset(TAG, "verifier-offline.html", Buffer.from("<script>"));
    expect(await stopOf(take("changed"))).toMatchObject({ exitCode: 10, rules: expect.arrayContaining(["C-01"]) });
    expect(await stopOf(take("changed", "0.0.9"))).toMatchObject({ code: "release-not-found", exitCode: 11 });
    expect(await readdir(world.directory)).not.toContain("changed");
  });

  test("never touches a directory that is there", async () => {
    await restore();
    const mine = join(world.directory, "mine");
    await mkdir(mine);
    await writeFile(join(mine, "notes.txt"), "x");
    expect(await stopOf(take("mine"))).toMatchObject({ exitCode: 1 });
    expect(await readdir(mine)).toEqual(["notes.txt"]);
  });

  test.each([
    ["no lane", ["--version", "2.4.0", "--out", "x"]],
    ["another lane", ["--lane", "merod", "--version", "2.4.0", "--out", "x"]],
    ["no directory", ["--lane", "kms", "--version", "2.4.0"]],
  ])("asks nobody for %s", async (_, args) => {
    const script = join(ROOT, "scripts/take-release.ts");
    expect((await execa(process.execPath, [script, ...args], { reject: false })).exitCode).toBe(2);
  });
});

describe("release audit", () => {
  test("verifies what is published, and remembers every file of it", async () => {
    await restore();
    const { document, exitCode } = await audit("first");
    expect(exitCode).toBe(0);
    expect(listAt(document, "releases")).toEqual([{ tag: TAG, ok: true, failed: [], changes: [] }]);
    const state: unknown = JSON.parse(await readFile(statePath("first"), "utf8"));
    expect(listAt(listAt(state, "releases")[0], "assets")).toHaveLength((await published()).length);
    expect((await audit("first")).exitCode).toBe(0);
  });

  test("names a release that does not hold, and does not remember it", async () => {
    await restore();
    await world.github.replaceAsset(TAG, "verifier-offline.html", Buffer.from("<script>"));
    const { document, exitCode } = await audit("broken");
    expect(exitCode).toBe(10);
    expect(textAt(document, "failure", "code")).toBe("release-refused");
    expect(at(listAt(document, "releases")[0], "failed")).toContain("C-01");
    expect(JSON.parse(await readFile(statePath("broken"), "utf8"))).toEqual({ schema_version: 1, releases: [] });
  });

  test("sees that a release is gone, also when it is not among those that it downloads", async () => {
    await restore();
    const gone = { tag: "mero-verifier-v0.0.9", assets: [{ name: "x", sha256: "0".repeat(64) }] };
    await writeFile(statePath("gone"), JSON.stringify({ schema_version: 1, releases: [gone] }));
    const { document, exitCode } = await audit("gone");
    expect(exitCode).toBe(10);
    expect(textAt(document, "failure", "code")).toBe("release-changed");
    expect(listAt(document, "releases")).toContainEqual({
      tag: gone.tag,
      ok: false,
      failed: ["P-07"],
      changes: ["the release is gone"],
    });
  });

  test("asks nothing about the lanes that it leaves out", async () => {
    await restore();
    const gone = { tag: "mero-kms-v0.0.9", assets: [] };
    await writeFile(statePath("others"), JSON.stringify({ schema_version: 1, releases: [gone] }));
    expect((await audit("others", "--lane", "verifier")).exitCode).toBe(0);
    expect((await audit("others", "--lane", "node")).exitCode).toBe(11);
  });

  test("compares the host's digests of releases that it does not download", async () => {
    await restore();
    const known: unknown = JSON.parse(await readFile(statePath("first"), "utf8"));
    const [seen] = listAt(known, "releases");
    const older = { tag: TAG, assets: listAt(seen, "assets") };
    await writeFile(statePath("digests"), JSON.stringify({ schema_version: 1, releases: [older] }));
    const newer = await setScene(world, "verifier", { version: "0.2.0" });
    const second = await runSteps([...prepareSteps(newer), ...releaseSteps(newer.run, newer.tools)]);
    expect(second.stop).toBeNull();
    expect((await audit("digests", "--max", "1")).exitCode).toBe(0);
    await world.github.replaceAsset(TAG, "verifier-offline.html", Buffer.from("<script>"));
    const { document } = await audit("digests", "--max", "1");
    expect(textAt(document, "failure", "code")).toBe("release-changed");
  });

  test("does not write over a state that it cannot read, and fails where there is nothing", async () => {
    await restore();
    await writeFile(statePath("odd"), '{"schema_version": 1, "releases": [');
    const { document, exitCode } = await audit("odd");
    expect([exitCode, textAt(document, "failure", "code")]).toEqual([10, "document-json-malformed"]);
    expect(await readFile(statePath("odd"), "utf8")).toBe('{"schema_version": 1, "releases": [');
    expect((await audit(null, "--lane", "kms")).exitCode).toBe(11);
  });
});
