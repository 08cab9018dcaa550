import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCiLog } from "../scripts/ci-log.ts";
import { promotePolicies, promotionText } from "../scripts/policy/promote.ts";
import { createGithubHost } from "../scripts/release/github-client.ts";
import { readLaneArguments } from "../scripts/release/lane-arguments.ts";
import { stopLane, StoppedLane } from "../scripts/release/lane-stop.ts";
import { type LaneStep, runSteps } from "../scripts/release/lane-steps.ts";
import { createMeroTee } from "../scripts/release/mero-tee.ts";
import { publishRelease } from "../scripts/release/publish.ts";
import type { ReleaseHost } from "../scripts/release/release-host.ts";
import { writeUmbrella } from "../scripts/release/umbrella.ts";
import { type GithubStandIn, startGithubStandIn } from "../scripts/rehearsal/github-stand-in.ts";
import { kmsCandidates, publishedText, VERSION } from "../packages/release-artifacts/test/release-world.ts";
import { ROOT } from "./markdown.ts";
import { stopOf } from "./stop-of.ts";

const REPOSITORY = "calimero-network/mero-tee";
const COMMIT = "aed4e223e6c3b94322280fef57aa739cd233ca2d";

let directory: string;
let github: GithubStandIn;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-scripts-"));
  github = await startGithubStandIn(join(directory, "host"), REPOSITORY);
  await mkdir(join(directory, "host"));
});

afterAll(async () => {
  await github.close();
  await rm(directory, { recursive: true, force: true });
});

/** GitHub on loopback, and a count of the requests by method. */
function host(answer?: (url: string, method: string) => Response | null) {
  const methods: string[] = [];
  const send: typeof fetch = async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    const method = init?.method ?? "GET";
    methods.push(method);
    const given = answer?.(url, method) ?? null;
    const { origin } = new URL(url);
    return given ?? (await fetch(`${github.origins.get(origin) ?? ""}${url.slice(origin.length)}`, init));
  };
  return { methods, host: createGithubHost({ fetch: send, repository: REPOSITORY, token: "t" }) };
}

async function files(name: string, contents: Readonly<Record<string, string>>): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  for (const [file, text] of Object.entries(contents)) await writeFile(join(path, file), text);
  return path;
}

function head(tag: string) {
  return { tag, name: tag, commit: COMMIT, isPrerelease: false, body: "notes", isLatest: false };
}

describe("publishing", () => {
  test("shows a release when every file of it is there", async () => {
    const { host: hosted } = host();
    const path = await files("good", { "a.json": "{}", "a.json.sig": "x" });
    await publishRelease(hosted, { ...head("mero-kms-v1.0.0"), directory: path });
    const release = await hosted.find("mero-kms-v1.0.0");
    expect(release?.assets.map(({ name }) => name)).toEqual(["a.json", "a.json.sig"]);
    expect(await readFile(join(github.directoryOf("mero-kms-v1.0.0"), "a.json"), "utf8")).toBe("{}");
  });

  test("never touches a tag that has a release", async () => {
    const { host: hosted, methods } = host();
    const path = await files("again", { "a.json": "other" });
    const stopped = await stopOf(publishRelease(hosted, { ...head("mero-kms-v1.0.0"), directory: path }));
    expect(stopped.code).toBe("release-exists");
    expect(methods).toEqual(["GET"]);
  });

  test("takes a draft away that is not what was meant", async () => {
    github.damageUpload("b.json");
    const { host: hosted, methods } = host();
    const path = await files("damaged", { "b.json": "{}" });
    const stopped = await stopOf(publishRelease(hosted, { ...head("mero-kms-v1.0.1"), directory: path }));
    expect(stopped.code).toBe("upload-differs");
    expect(methods.at(-1)).toBe("DELETE");
    expect(await hosted.find("mero-kms-v1.0.1")).toBeNull();
  });

  test("never takes away what everybody sees, also where the answer to publishing is lost", async () => {
    const { host: hosted, methods } = host();
    const path = await files("lost", { "a.json": "{}" });
    const lossy: ReleaseHost = {
      ...hosted,
      publish: async (release, isLatest) => {
        await hosted.publish(release, isLatest);
        stopLane("host-failed", "no answer");
      },
    };
    const stopped = await stopOf(publishRelease(lossy, { ...head("mero-kms-v1.0.2"), directory: path }));
    expect(stopped.message).toBe("no answer");
    expect(await hosted.find("mero-kms-v1.0.2")).not.toBeNull();
    expect(methods).not.toContain("DELETE");
  });

  test("is refused where GitHub does not know who asks", async () => {
    const { host: hosted } = host((_, method) => (method === "PATCH" ? new Response("{}", { status: 404 }) : null));
    const path = await files("unknown", { "a.json": "{}" });
    const stopped = await stopOf(publishRelease(hosted, { ...head("mero-kms-v1.0.3"), directory: path }));
    expect(stopped.message).toBe("GitHub refused publishing with status 404.");
    expect(await hosted.find("mero-kms-v1.0.3")).toBeNull();
  });

  test.each([
    ["a failing server", new Response("{}", { status: 502 })],
    ["an answer that is no JSON", new Response("<html>", { status: 200 })],
    ["an answer about nothing", new Response("{}", { status: 200 })],
  ])("stops at %s", async (_, response) => {
    const { host: hosted } = host((url) => (url.includes("/tags/") ? response : null));
    expect((await stopOf(hosted.find("mero-kms-v9.0.0"))).code).toBe("host-failed");
  });
});

describe("the umbrella release", () => {
  test("is written by whichever lane comes last, and once", async () => {
    const { host: hosted } = host();
    const umbrella = { version: VERSION, repository: REPOSITORY, commit: COMMIT };
    const one = await files("one", { x: "x" });
    await publishRelease(hosted, { ...head("mero-kms-v2.4.0"), directory: one });
    expect(await writeUmbrella(umbrella, hosted)).toBe("left to the other lane: mero-tee-v2.4.0 is not published yet");
    expect(await hosted.find("2.4.0")).toBeNull();
    await publishRelease(hosted, { ...head("mero-tee-v2.4.0"), directory: one });
    await writeUmbrella(umbrella, hosted);
    const written = await hosted.find("2.4.0");
    expect(written).toMatchObject({ assets: [], body: expect.stringContaining("/releases/tag/mero-tee-v2.4.0") });
    await writeUmbrella(umbrella, hosted);
    expect((await hosted.find("2.4.0"))?.id).toBe(written?.id);
  });
});

describe("a lane's script", () => {
  const environment = {
    GITHUB_REPOSITORY: REPOSITORY,
    GITHUB_REF: "refs/heads/master",
    GITHUB_SHA: COMMIT,
    GITHUB_RUN_ID: "7100000002",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_REPOSITORY_ID: "1",
    GITHUB_REPOSITORY_OWNER_ID: "2",
  };
  const args = ["--version", "2.4.0-rc.1", "--in", "in", "--work", "work"];

  test("takes from GitHub Actions what a run is", () => {
    const { run, isDryRun } = readLaneArguments("kms", [...args, "--dry-run"], environment);
    expect(isDryRun).toBe(true);
    expect(run).toMatchObject({ releaseClass: "rc", commit: COMMIT, runId: "7100000002", signerIds: { ownerId: "2" } });
  });

  test.each([
    ["another lane's tag", ["--version", "mero-tee-v2.4.0", "--in", "in", "--work", "w"], {}],
    ["a tag with odd characters", ["--version", "2.4.0;id", "--in", "in", "--work", "w"], {}],
    ["no input", ["--version", "2.4.0", "--work", "w"], {}],
    ["an unknown class", [...args, "--class", "latest"], {}],
    ["an unknown flag", [...args, "--force"], {}],
    ["a hotfix of nothing", [...args, "--incident", "CVE-2026-1"], {}],
    ["a hotfix for nothing", [...args, "--base-tag", "2.3.9"], {}],
    ["a commit that is none", args, { GITHUB_SHA: "master" }],
    ["a run that is none", args, { GITHUB_RUN_ID: "" }],
    ["a repository that is none", args, { GITHUB_REPOSITORY: "../x" }],
  ])("refuses %s", (_, given, change) => {
    expect(() => readLaneArguments("kms", given, { ...environment, ...change })).toThrow(Error);
  });
});

function step(id: string, run: () => string): LaneStep {
  return { id, title: id, run: () => Promise.resolve().then(run) };
}

function stop(): string {
  return stopLane("rules-broken", "no", ["G-04"]);
}

function bug(): string {
  throw new RangeError("a bug");
}

describe("the steps of a lane", () => {
  test("end with the one that stops, and never with an exception of ours", async () => {
    const ran: string[] = [];
    const report = await runSteps([
      step("a", () => (ran.push("a"), "seen")),
      step("b", stop),
      step("c", () => "never"),
    ]);
    expect(report.stop).toEqual({ step: "b", code: "rules-broken", rules: ["G-04"], message: "no", exitCode: 10 });
    expect([ran, report.steps.map(({ status }) => status)]).toEqual([["a"], ["done", "stopped"]]);
    await expect(runSteps([step("a", bug)])).rejects.toThrow("a bug");
  });
});

test("a log has one line an event, whatever the event says", () => {
  const lines: string[] = [];
  const log = createCiLog({ write: (line) => void lines.push(line), now: () => new Date("2026-01-15T10:20:00.123Z") });
  log.line("INFO", "one\ntwo\u001b[31m");
  log.line("WARN", "::set-output name=x::y");
  log.result("release-kms", "failed", { reason: "a|b\n", step: "sign" });
  expect(lines).toEqual([
    "2026-01-15T10:20:00Z [INFO] one two [31m",
    "2026-01-15T10:20:00Z [WARN] : :set-output name=x::y",
    "2026-01-15T10:20:00Z [ERROR] RESULT|job=release-kms|status=failed|reason=a/b |step=sign",
  ]);
});

describe("the promotion of policies", () => {
  test("writes what the probes saw, and says what that changes", async () => {
    const meroTee = createMeroTee({
      environment: {},
      fetch: () => Promise.reject(new Error("no network")),
      signFile: null,
    });
    const identity = {
      schema_version: 1,
      compose_hash: "ab".repeat(32),
      app_id: "cd".repeat(20),
      profile: "debug",
      quote_verified: true,
      event_log_verified: true,
      os_image_hash_verified: true,
    };
    const probed = await files("probed", {
      "kms-policy-candidates-debug.json": JSON.stringify(kmsCandidates("debug")),
      "kms-app-identity-debug.json": JSON.stringify(identity),
      "kms-key-provider-debug.json": JSON.stringify({ name: "kms", id: "12".repeat(32) }),
      "published-mrtds.json": publishedText(),
    });
    const policies = join(directory, "policies");
    const promotion = { meroTee, probed, nodePolicy: join(probed, "published-mrtds.json"), policies, out: policies };
    const [first] = await promotePolicies(promotion);
    expect(first).toMatchObject({ profile: "debug", changes: "New.\n" });
    expect(await readdir(policies)).toEqual(["kms.debug.json"]);
    const kept = JSON.parse(await readFile(join(policies, "kms.debug.json"), "utf8"));
    expect(kept).toMatchObject({
      profile: "debug",
      status: "ready",
      policy: { kms_allowed_event_payload: ["ab".repeat(32)] },
    });

    const other = {
      ...kmsCandidates("debug"),
      policy: { ...kmsCandidates("debug").policy, allowed_rtmr2: ["ef".repeat(48)] },
    };
    await writeFile(join(probed, "kms-policy-candidates-debug.json"), JSON.stringify(other));
    const text = promotionText(await promotePolicies(promotion));
    expect(text).toContain("`policy.kms_allowed_rtmr2`");
    expect(text).toContain(`\`${"ef".repeat(48)}\``);

    await writeFile(join(probed, "kms-policy-candidates-debug.json"), JSON.stringify(kmsCandidates("debug")));
    const reviewed = await readFile(join(policies, "kms.debug.json"), "utf8");
    const place = await files("dry", {});
    const where = ["--probed", probed, "--node-policy", join(probed, "published-mrtds.json"), "--policies", policies];
    const dry = [join(ROOT, "scripts/promote-policy.ts"), ...where, "--body", "body.md", "--dry-run"];
    const { stdout } = await execa(process.execPath, dry, { cwd: place });
    expect(stdout).toContain("`policy.kms_allowed_rtmr2`");
    expect([await readFile(join(policies, "kms.debug.json"), "utf8"), await readdir(place)]).toEqual([reviewed, []]);
  }, 60_000);

  test("takes no candidates that are cut, and leaves the reviewed policy as it is", async () => {
    const meroTee = createMeroTee({
      environment: {},
      fetch: () => Promise.reject(new Error("no network")),
      signFile: null,
    });
    const probed = await files("cut", {
      "kms-policy-candidates-debug.json": JSON.stringify(kmsCandidates("debug")).slice(0, 100),
      "kms-app-identity-debug.json": "{}",
      "published-mrtds.json": publishedText(),
    });
    const policies = await files("reviewed", { "kms.debug.json": "reviewed" });
    const nodePolicy = join(probed, "published-mrtds.json");
    const work = promotePolicies({ meroTee, probed, nodePolicy, policies, out: policies });
    await expect(work).rejects.toThrow(StoppedLane);
    expect(await readFile(join(policies, "kms.debug.json"), "utf8")).toBe("reviewed");
    expect(await readdir(policies)).toEqual(["kms.debug.json"]);
  });
});
