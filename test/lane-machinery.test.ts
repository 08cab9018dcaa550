import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "./markdown.ts";

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
}

let directory: string;
let server: Server;
let address: string;
let requests: { readonly line: string; readonly body: unknown; readonly headers: IncomingMessage["headers"] }[];
let answers: Record<string, Answer>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-machinery-"));
  [requests, answers] = [[], {}];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const line = `${request.method ?? ""} ${request.url ?? ""}`;
      const text = Buffer.concat(chunks).toString();
      requests.push({ line, body: text === "" ? null : JSON.parse(text), headers: request.headers });
      const { status = 200, body = {} } = answers[line] ?? { status: 404 };
      response.statusCode = status;
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  address = `http://127.0.0.1:${typeof bound === "object" ? (bound?.port ?? 0) : 0}`;
  // A gcloud that writes down what it is asked, and answers with what the test left for it.
  const gcloud = join(directory, "gcloud");
  await writeFile(gcloud, `#!/bin/sh\necho "$*" >> "${directory}/gcloud.log"\ncat "${directory}/answer.json"\n`);
  await writeFile(join(directory, "answer.json"), "");
  await chmod(gcloud, 0o755);
});

afterEach(async () => {
  await new Promise((resolve) => void server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

async function script(name: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const outputs = join(directory, "outputs");
  await rm(outputs, { force: true });
  const run = await execa(process.execPath, [join(ROOT, "scripts", name), ...args], {
    cwd: directory,
    extendEnv: false,
    env: {
      PATH: `${directory}:${process.env["PATH"] ?? ""}`,
      GITHUB_API_URL: address,
      GITHUB_REPOSITORY: "owner/name",
      GITHUB_REF: "refs/heads/master",
      GITHUB_EVENT_NAME: "push",
      GITHUB_OUTPUT: outputs,
      GITHUB_TOKEN: "t",
      PHALA_CLOUD_API_PREFIX: address,
      PHALA_CLOUD_API_KEY: "the-key",
      ...environment,
    },
    reject: false,
  });
  const { exitCode, stdout, stderr } = run;
  return { exitCode, stdout, stderr, outputs: await readFile(outputs, "utf8").catch(() => "") };
}

async function gcloudLines(): Promise<readonly string[]> {
  return (await readFile(join(directory, "gcloud.log"), "utf8").catch(() => "")).split("\n").filter(Boolean);
}

describe("the gate of a lane", () => {
  const version = "2.4.0";
  const question = `GET /repos/owner/name/releases/tags/mero-kms-v${version}`;

  const gate = async (environment: Readonly<Record<string, string>> = {}, at = version, ...more: readonly string[]) => {
    await mkdir(join(directory, "apps/kms-phala"), { recursive: true });
    await writeFile(join(directory, "apps/kms-phala/package.json"), JSON.stringify({ version: at }));
    return await script("release/gate.ts", ["--lane", "kms", "--root", directory, ...more], environment);
  };

  test("opens for a version that has no release yet", async () => {
    const run = await gate();
    expect(run).toMatchObject({ exitCode: 0, stdout: `mero-kms-v${version} is to be published` });
    expect(run.outputs).toContain(`run=true\nversion=${version}\ntag=mero-kms-v${version}\nprerelease=false\n`);
    expect(requests.map(({ line }) => line)).toEqual([question]);
  });

  test("only says what it would do in a dry run", async () => {
    const run = await gate({}, version, "--dry-run");
    expect(run).toMatchObject({ exitCode: 0, stdout: `mero-kms-v${version} is to be published`, outputs: "" });
  });

  test("stays shut for one that has, and for anything but a push to master", async () => {
    answers = { [question]: { body: { tag_name: `mero-kms-v${version}` } } };
    expect((await gate()).outputs).toContain("run=false\n");
    answers = {};
    for (const environment of [{ GITHUB_REF: "refs/heads/x" }, { GITHUB_EVENT_NAME: "workflow_dispatch" }]) {
      expect((await gate(environment)).outputs).toContain("run=false\n");
    }
  });

  test.each([
    { name: "GitHub does not say", answer: { status: 500 } },
    { name: "GitHub speaks of another release", answer: { body: { tag_name: "mero-kms-v9.9.9" } } },
  ])("decides nothing when $name", async ({ answer }) => {
    answers = { [question]: answer };
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
      answers = { [listed]: { body: { workflow_runs: runs } }, ...more };
      requests = [];
      return await script("release/await-release.ts", [...args, ...flags], { GITHUB_SHA: commit });
    };
    const active = { head_sha: commit, status: "in_progress", conclusion: null };
    const failed = { head_sha: commit, status: "completed", conclusion: "failure" };
    const older = { head_sha: "cd".repeat(20), status: "completed", conclusion: "success" };

    test("goes on when it is published", async () => {
      const there = { [published]: { body: { tag_name: "mero-tee-v2.4.0" } } };
      expect(await wait([failed, older], there)).toMatchObject({ exitCode: 0 });
      expect(await script("release/await-release.ts", [])).toMatchObject({ exitCode: 2 });
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
      expect(requests.filter(({ line }) => line === published)).toHaveLength(looks);
    });

    test("is not waited for in a dry run, which looks once", async () => {
      const run = await wait([active], {}, "--dry-run");
      expect(run).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("would be waited for") });
      expect(requests.filter(({ line }) => line === published)).toHaveLength(1);
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
    answers = { "GET /repos/owner/name/actions/runs/71": { body: { ...OURS, ...changes } } };
    return await script("release/own-run.ts", ["--run", "71", "--workflow", "release-e2e.yaml", ...more]);
  };
  const TITLE = ["--title", "Release end to end 2.4.0"];

  test("is one of ours", async () => {
    expect(await judge({}, ...TITLE)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await judge({ path: `${OURS.path}@master`, conclusion: "failure" })).toMatchObject({ exitCode: 0 });
    expect(requests[0]?.headers.authorization).toBe("Bearer t");
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
    answers = {};
    const args = ["--workflow", "release-e2e.yaml", "--run"];
    expect(await script("release/own-run.ts", [...args, "71"])).toMatchObject({ exitCode: 1 });
    expect(await script("release/own-run.ts", [...args, "71/../72"])).toMatchObject({ exitCode: 2 });
  });
});

const KMS_IMAGE = "ghcr.io/owner/mero-kms-phala";
const BUILDKIT = `docker.io/moby/buildkit@sha256:${"ab".repeat(32)}`;

function imageDigest(subject: string): string {
  return `sha256:${createHash("sha256").update(subject).digest("hex")}`;
}

/**
 * A docker with a registry of these tags, that builds an image by the profile that it is told; `isAlike` makes all of them one. `unknown`
 * is what it says of a tag that is not there, `asIndex` makes of every tag another image than was named.
 */
async function docker({
  known = {},
  isAlike = false,
  unknown = "ERROR: TAG: not found",
  asIndex = false,
}: {
  known?: Readonly<Record<string, string>>;
  isAlike?: boolean;
  unknown?: string;
  asIndex?: boolean;
} = {}): Promise<void> {
  await writeFile(join(directory, "tags.json"), JSON.stringify(known));
  const program = `#!${process.execPath}
    const { appendFileSync, readFileSync, writeFileSync } = require("node:fs");
    const { createHash } = require("node:crypto");
    const args = process.argv.slice(2);
    const registry = ${JSON.stringify(directory)} + "/tags.json";
    const tags = JSON.parse(readFileSync(registry, "utf8"));
    const of = (flag) => args.find((each) => each.startsWith(flag)).slice(flag.length);
    appendFileSync(${JSON.stringify(directory)} + "/docker.log", args.join(" ") + "\\n");
    if (args[0] === "login") process.exit(readFileSync(0, "utf8") === "the-token" ? 0 : 1);
    if (args[1] === "create" || args[1] === "rm") process.exit(0);
    if (args[2] === "inspect") {
      const digest = tags[args[3]];
      if (digest !== undefined) process.stdout.write(JSON.stringify({ mediaType: "x", digest }) + "\\n");
      else process.stderr.write(${JSON.stringify(unknown)}.replace("TAG", args[3]) + "\\n");
      process.exit(digest === undefined ? 1 : 0);
    }
    if (args[2] === "create") {
      tags[of("--tag=")] = ${String(asIndex)} ? "sha256:" + "0".repeat(64) : args.at(-1).split("@")[1];
      writeFileSync(registry, JSON.stringify(tags));
      process.exit(0);
    }
    const subject = ${String(isAlike)} ? "one" : of("--build-arg=KMS_IMAGE_PROFILE=");
    const digest = "sha256:" + createHash("sha256").update(subject).digest("hex");
    writeFileSync(of("--metadata-file="), JSON.stringify({ "containerimage.digest": digest }));`;
  await writeFile(join(directory, "docker"), program);
  await chmod(join(directory, "docker"), 0o755);
}

async function dockerLog(): Promise<string> {
  return await readFile(join(directory, "docker.log"), "utf8").catch(() => "");
}

async function registryTags(): Promise<unknown> {
  return JSON.parse(await readFile(join(directory, "tags.json"), "utf8"));
}

async function buildImages(changed: Readonly<Record<string, string>> = {}, ...more: readonly string[]) {
  const options = {
    context: "context",
    version: "2.4.0",
    image: "ghcr.io/Owner/mero-kms-phala",
    buildkit: BUILDKIT,
    out: "x.json",
    ...changed,
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const run = { GITHUB_SHA: "1".repeat(40), SOURCE_DATE_EPOCH: "1768472400", GITHUB_ACTOR: "a" };
  return await script("release/kms-images.ts", [...args, ...more], { REGISTRY_TOKEN: "the-token", ...run });
}

const PROFILES = ["debug", "debug-read-only", "locked-read-only"];

describe("the images of the KMS", () => {
  test("are pushed for each profile by digest, by a BuildKit that is named by its own", async () => {
    await docker();
    const run = await buildImages();
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    const digests = PROFILES.map((profile) => [profile, imageDigest(profile)]);
    expect(JSON.parse(await readFile(join(directory, "x.json"), "utf8"))).toEqual({
      image: KMS_IMAGE,
      digests: Object.fromEntries(digests),
    });
    expect(run.outputs).toBe(digests.map(([name, digest]) => `${name}=${KMS_IMAGE}@${digest}\n`).join(""));
    const log = await dockerLog();
    expect(log.match(/push-by-digest=true,name-canonical=true,push=true/g)).toHaveLength(3);
    expect(log.split("\n")[0]).toBe("login ghcr.io --username a --password-stdin");
    expect(log).not.toMatch(/--tag|latest/);
    const builder = /buildx create --name=(?<name>\S+) --driver=docker-container --driver-opt=image=(?<image>\S+)/.exec(
      log,
    );
    expect(builder?.groups?.["image"]).toBe(BUILDKIT);
    expect(log.match(new RegExp(`--builder=${builder?.groups?.["name"] ?? ""} `, "g"))).toHaveLength(3);
  });

  test("are not pushed in a dry run", async () => {
    await docker();
    expect(await buildImages({}, "--dry-run")).toMatchObject({ exitCode: 0, outputs: "" });
    await expect(readFile(join(directory, "x.json"))).rejects.toThrow("ENOENT");
    expect(await dockerLog()).not.toMatch(/push=true|login/);
  });

  test("are built again where nothing has a tag yet, and never where something has", async () => {
    await docker();
    expect(await buildImages()).toMatchObject({ exitCode: 0 });
    expect(await buildImages()).toMatchObject({ exitCode: 0 });
    await docker({ known: { [`${KMS_IMAGE}:2.4.0`]: imageDigest("other") } });
    await rm(join(directory, "docker.log"));
    expect(await buildImages()).toMatchObject({
      exitCode: 10,
      stderr: `${KMS_IMAGE}:2.4.0 is there already`,
      outputs: "",
    });
    expect(await dockerLog()).not.toContain("push=true");
  });

  test.each([
    ["nobody is let in", "ERROR: failed to authorize: failed to fetch oauth token: 401 Unauthorized"],
    ["the registry is not reached", "ERROR: failed to do request: dial tcp: lookup ghcr.io: no such host"],
    [
      "the registry fails",
      "ERROR: unexpected status from HEAD request to https://ghcr.io/v2/: 503 Service Unavailable",
    ],
    ["a program of docker is missing", "ERROR: error getting credentials - err: executable file: not found"],
    ["only a part of the image is missing", "ERROR: TAG: could not fetch content descriptor: not found"],
    ["the registry speaks of another tag", "ERROR: ghcr.io/owner/other:1: not found"],
    ["nothing is said", ""],
  ])("are not pushed where %s: a tag may be there", async (_, unknown) => {
    await docker({ unknown });
    const run = await buildImages();
    expect(run).toMatchObject({ exitCode: 1, outputs: "" });
    expect(run.stderr).toContain(`docker does not say whether ${KMS_IMAGE}:2.4.0-debug is there`);
    expect(await dockerLog()).not.toContain("push=true");
  });

  test("of two profiles are two images", async () => {
    await docker({ isAlike: true });
    expect(await buildImages()).toMatchObject({ exitCode: 10, stderr: "two profiles have one image", outputs: "" });
  });

  test.each([
    { name: "a version that is none", changed: { version: "latest" } },
    { name: "an image with a tag", changed: { image: "ghcr.io/owner/x:1" } },
    { name: "a BuildKit that moves", changed: { buildkit: "moby/buildkit:buildx-stable-1" } },
  ])("are not built for $name", async ({ changed }) => {
    await docker();
    expect(await buildImages(changed)).toMatchObject({ exitCode: 2 });
    expect(await dockerLog()).toBe("");
  });

  describe("that are released", () => {
    const give = async (...more: readonly string[]) => {
      const digests = Object.fromEntries(PROFILES.map((profile) => [profile, imageDigest(profile)]));
      await writeFile(join(directory, "images.json"), JSON.stringify({ image: KMS_IMAGE, digests }));
      const args = ["--images", "images.json", "--version", "2.4.0", ...more];
      return await script("release/kms-image-tags.ts", args, { REGISTRY_TOKEN: "the-token", GITHUB_ACTOR: "a" });
    };
    const all = Object.fromEntries([
      ...PROFILES.map((profile) => [`${KMS_IMAGE}:2.4.0-${profile}`, imageDigest(profile)] as const),
      [`${KMS_IMAGE}:2.4.0`, imageDigest("locked-read-only")] as const,
    ]);

    test("get their tags, also where a run before broke off", async () => {
      await docker({ known: { [`${KMS_IMAGE}:2.4.0-debug`]: imageDigest("debug") } });
      expect(await give()).toMatchObject({ exitCode: 0, stderr: "" });
      expect(await registryTags()).toEqual(all);
      expect((await dockerLog()).match(/imagetools create --prefer-index=false/g)).toHaveLength(3);
      expect(await give()).toMatchObject({ exitCode: 0 });
    });

    test("take no tag from another image, and then get none", async () => {
      const known = { [`${KMS_IMAGE}:2.4.0`]: imageDigest("other") };
      await docker({ known });
      expect(await give()).toMatchObject({ exitCode: 10, stderr: expect.stringContaining("is another image") });
      expect(await registryTags()).toEqual(known);
    });

    test("get no tag where nobody says what it is, and none that names something else", async () => {
      await docker({ unknown: "ERROR: 503 Service Unavailable" });
      expect(await give()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("does not say whether") });
      expect(await registryTags()).toEqual({});
      await docker({ asIndex: true });
      expect(await give()).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("did not become") });
    });

    test("are only named in a dry run", async () => {
      await docker();
      expect(await give("--dry-run")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("would be") });
      expect(await dockerLog()).toBe("");
    });
  });
});

describe("a deployment on Phala Cloud", () => {
  const COMPOSE = '{"name":"mero-kms-debug-2-4-0","docker_compose_file":"services: {}"}\n';
  const HASH = createHash("sha256").update(COMPOSE).digest("hex");
  const APP = "ab".repeat(20);
  const deploy = async (...more: readonly string[]) => {
    await writeFile(join(directory, "app-compose.json"), COMPOSE);
    const args = [
      "--app-compose",
      "app-compose.json",
      "--domain",
      "dstack-prod5.phala.network",
      "--out",
      "record.json",
    ];
    return await script("phala/provision.ts", [...args, ...more]);
  };

  test("runs the very composition that was reviewed, and is taken down", async () => {
    answers = {
      "POST /cvms/provision": { body: { app_id: APP, compose_hash: HASH } },
      "POST /cvms": { body: { id: 1 } },
      [`DELETE /cvms/app_${APP}`]: { body: {} },
    };
    const url = `https://${APP}-8080.dstack-prod5.phala.network`;
    const run = await deploy();
    expect(run).toMatchObject({ exitCode: 0, outputs: `url=${url}\n` });
    expect(requests[0]?.body).toEqual({
      name: "mero-kms-debug-2-4-0",
      instance_type: "tdx.small",
      kms: "PHALA",
      listed: false,
      compose_file: JSON.parse(COMPOSE),
    });
    expect(requests[1]?.body).toEqual({ app_id: APP, compose_hash: HASH });
    expect(requests.every(({ headers }) => headers["x-api-key"] === "the-key")).toBe(true);
    expect(await script("phala/provision.ts", ["--remove", "record.json"])).toMatchObject({ exitCode: 0 });
    expect(requests.at(-1)?.line).toBe(`DELETE /cvms/app_${APP}`);
  });

  test("does not happen where the platform would run another composition", async () => {
    answers = { "POST /cvms/provision": { body: { app_id: APP, compose_hash: "0".repeat(64) } } };
    expect(await deploy()).toMatchObject({ exitCode: 10, outputs: "" });
    expect(requests.map(({ line }) => line)).toEqual(["POST /cvms/provision"]);
    expect(await script("phala/provision.ts", ["--remove", "record.json"])).toMatchObject({
      exitCode: 0,
      stdout: "nothing was deployed",
    });
  });

  test("can be taken down even when it broke off in the middle", async () => {
    answers = { "POST /cvms/provision": { body: { app_id: APP, compose_hash: HASH } }, "POST /cvms": { status: 500 } };
    const run = await deploy();
    expect(run).toMatchObject({ exitCode: 1, stderr: "Phala refused POST cvms with status 500" });
    expect(await script("phala/provision.ts", ["--remove", "record.json"])).toMatchObject({ exitCode: 0 });
  });

  test("asks nobody in a dry run, and refuses an address that is none", async () => {
    expect(await deploy("--dry-run")).toMatchObject({ exitCode: 0, stdout: `mero-kms-debug-2-4-0 would run ${HASH}` });
    expect(await deploy("--domain", "evil.example/x")).toMatchObject({ exitCode: 2 });
    expect(requests).toEqual([]);
  });
});

/** A gcloud with these machines and rules, that refuses one thing. */
async function leftBehind(machines: string, rules: string, refused = "nothing"): Promise<void> {
  const lines = [
    "#!/bin/sh",
    `case "$*" in *"${refused}"*) exit 1;; esac`,
    `echo "$*" >> "${directory}/gcloud.log"`,
    `case "$*" in *"instances list"*) echo '${machines}';; *"firewall-rules list"*) echo '${rules}';; esac`,
  ];
  await writeFile(join(directory, "gcloud"), `${lines.join("\n")}\n`);
}

describe("a probe machine on Google Cloud", () => {
  const WHERE = ["--name", "probe-debug-1-1", "--project", "p", "--zone", "europe-west4-a"];
  const VERSION = ["--profile", "debug-read-only", "--version", "2.4.0-rc.1"];
  const IMAGE = [...VERSION, "--image-project", "images", "--allow", "203.0.113.7/32"];

  test("is a TDX machine without an account, that one address reaches", async () => {
    const running = { status: "RUNNING", networkInterfaces: [{ accessConfigs: [{ natIP: "203.0.113.10" }] }] };
    await writeFile(join(directory, "answer.json"), JSON.stringify(running));
    const run = await script("gcp/probe-machine.ts", [...WHERE, ...IMAGE]);
    expect(run).toMatchObject({ exitCode: 0, outputs: "url=http://203.0.113.10\n" });
    const [rule = "", machine = ""] = await gcloudLines();
    expect(rule).toContain("--source-ranges=203.0.113.7/32 --target-tags=probe-debug-1-1");
    expect(machine).toContain("--image=merotee-debug-read-only-2-4-0-rc-1 ");
    for (const flag of ["--confidential-compute-type=TDX", "--no-service-account", "--no-scopes"])
      expect(machine).toContain(flag);
  });

  test("is given up when it does not come up", async () => {
    await writeFile(join(directory, "answer.json"), '{"status":"STAGING"}');
    const run = await script("gcp/probe-machine.ts", [...WHERE, ...IMAGE, "--tries", "1"]);
    expect(run).toMatchObject({ exitCode: 1, stderr: "probe-debug-1-1 was not running after 1 looks", outputs: "" });
  });

  test("is removed with its rule, the rule also where there is no machine", async () => {
    expect(await script("gcp/probe-machine.ts", [...WHERE, "--remove"])).toMatchObject({ exitCode: 0 });
    expect((await gcloudLines()).map((line) => line.split(" ").slice(0, 4).join(" ")).toSorted()).toEqual([
      "compute firewall-rules delete probe-debug-1-1",
      "compute instances delete probe-debug-1-1",
    ]);
    await writeFile(join(directory, "gcloud"), `#!/bin/sh\necho "$*" >> "${directory}/gcloud.log"\nexit 1\n`);
    expect(await script("gcp/probe-machine.ts", [...WHERE, "--remove"])).toMatchObject({ exitCode: 1 });
    expect(await gcloudLines()).toHaveLength(4);
  });

  test.each([
    { name: "a name that is a flag", args: [...WHERE, ...IMAGE, "--name", "--verbosity=debug"] },
    { name: "the whole world", args: [...WHERE, ...IMAGE, "--allow", "0.0.0.0/0"] },
    { name: "a version that is none", args: [...WHERE, ...IMAGE, "--version", "latest"] },
    { name: "a profile that is none", args: [...WHERE, ...IMAGE, "--profile", "family/merotee"] },
    { name: "no image", args: WHERE },
  ])("is not started with $name", async ({ args }) => {
    expect(await script("gcp/probe-machine.ts", args)).toMatchObject({ exitCode: 2 });
    expect(await gcloudLines()).toEqual([]);
  });

  describe("that a run left behind", () => {
    const SWEEP = ["--project", "p", "--hours", "6"];
    const ZONE = "https://x/zones/europe-west4-a";

    test("is swept away, and so is its rule", async () => {
      await leftBehind(JSON.stringify([{ name: "probe-x", zone: ZONE }]), '[{"name":"probe-x"}]');
      const told = { exitCode: 0, stdout: "machine probe-x\nfirewall rule probe-x" };
      expect(await script("gcp/sweep.ts", [...SWEEP, "--dry-run"])).toMatchObject(told);
      const questions = [
        "compute instances list --filter=labels.mero-tee-probe=true AND creationTimestamp<-PT6H --format=json(name,zone) --project=p --quiet",
        "compute firewall-rules list --filter=description=mero-tee-probe AND creationTimestamp<-PT6H --format=json(name) --project=p --quiet",
      ];
      expect(await gcloudLines()).toEqual(questions);
      expect(await script("gcp/sweep.ts", SWEEP)).toMatchObject(told);
      expect((await gcloudLines()).slice(2)).toEqual([
        ...questions,
        "compute instances delete probe-x --zone=europe-west4-a --delete-disks=all --project=p --quiet",
        "compute firewall-rules delete probe-x --project=p --quiet",
      ]);
    });

    test("and is gone leaves a rule, which is swept away", async () => {
      await leftBehind("[]", '[{"name":"e2e-debug-1-1"}]');
      expect(await script("gcp/sweep.ts", SWEEP)).toMatchObject({ exitCode: 0, stdout: "firewall rule e2e-debug-1-1" });
      expect((await gcloudLines()).slice(2)).toEqual([
        "compute firewall-rules delete e2e-debug-1-1 --project=p --quiet",
      ]);
    });

    test("has the mark that the sweep looks for, as its rule has", async () => {
      await script("gcp/probe-machine.ts", [...WHERE, ...IMAGE, "--tries", "1"]);
      const [rule = "", machine = ""] = await gcloudLines();
      expect(rule).toContain("firewall-rules create probe-debug-1-1");
      expect(rule).toContain("--description=mero-tee-probe ");
      expect(machine).toContain("--labels=mero-tee-probe=true ");
    });

    test("is swept away whatever becomes of the ones before it", async () => {
      const listed = ["probe-x", "probe-y"].map((name) => ({ name, zone: "z" }));
      await leftBehind(JSON.stringify(listed), JSON.stringify(listed), "rules delete probe-x");
      const run = await script("gcp/sweep.ts", SWEEP);
      expect(run).toMatchObject({ exitCode: 1, stderr: "could not be removed: firewall rule probe-x" });
      const deleted = (await gcloudLines()).slice(2).map((line) => line.split(" ").slice(1, 4).join(" "));
      expect(deleted).toEqual([
        "instances delete probe-x",
        "instances delete probe-y",
        "firewall-rules delete probe-y",
      ]);
    });

    test("is no command to the runner that reads what gcloud said", async () => {
      const lines = ["#!/bin/sh", "echo ' ::stop-commands::x' >&2", "echo 'x ##[add-path]/tmp' >&2", "exit 1"];
      await writeFile(join(directory, "gcloud"), `${lines.join("\n")}\n`);
      const run = await script("gcp/sweep.ts", SWEEP);
      expect(run).toMatchObject({ exitCode: 1, stdout: "", stderr: expect.stringContaining("stop-commands") });
      expect(run.stderr).not.toMatch(/^\s*::|##\[/m);
    });

    test.each([
      { name: "a list that is none", machines: "null", rules: "[]" },
      { name: "a name that is a flag", machines: "[]", rules: '[{"name":"--impersonate-service-account=x"}]' },
      { name: "a machine that is nowhere", machines: '[{"name":"probe-x"}]', rules: "[]" },
    ])("is not said to be gone at $name", async ({ machines, rules }) => {
      await leftBehind(machines, rules);
      expect(await script("gcp/sweep.ts", SWEEP)).toMatchObject({ exitCode: 1, stdout: "" });
      expect((await gcloudLines()).filter((line) => line.includes("delete"))).toEqual([]);
    });
  });
});

describe("the identity for Google Cloud", () => {
  const PROVIDER = "projects/1/locations/global/workloadIdentityPools/p/providers/g";
  const ACCOUNT = "probe@example-attest.iam.gserviceaccount.com";
  const GITHUB = {
    ACTIONS_ID_TOKEN_REQUEST_URL: "https://token.example/?api-version=2",
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer",
  };

  test("is the run's own, in a file that nobody else reads", async () => {
    const args = ["--provider", PROVIDER, "--service-account", ACCOUNT, "--out", "credentials.json"];
    expect(await script("gcp/google-credentials.ts", args, GITHUB)).toMatchObject({ exitCode: 0 });
    expect(await gcloudLines()).toEqual(["auth login --brief --quiet --cred-file=credentials.json"]);
    expect(JSON.parse(await readFile(join(directory, "credentials.json"), "utf8"))).toEqual({
      type: "external_account",
      audience: `//iam.googleapis.com/${PROVIDER}`,
      subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
      token_url: "https://sts.googleapis.com/v1/token",
      credential_source: {
        url: `https://token.example/?api-version=2&audience=${encodeURIComponent(`//iam.googleapis.com/${PROVIDER}`)}`,
        headers: { Authorization: "Bearer bearer" },
        format: { type: "json", subject_token_field_name: "value" },
      },
      service_account_impersonation_url: `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${ACCOUNT}:generateAccessToken`,
    });
  });

  test("is not written, and nobody logs in, in a dry run", async () => {
    const args = ["--provider", PROVIDER, "--service-account", ACCOUNT, "--out", "credentials.json", "--dry-run"];
    expect(await script("gcp/google-credentials.ts", args, GITHUB)).toMatchObject({
      exitCode: 0,
      stdout: `gcloud would act as ${ACCOUNT}`,
    });
    expect(await gcloudLines()).toEqual([]);
    await expect(readFile(join(directory, "credentials.json"))).rejects.toThrow("ENOENT");
  });

  test("is refused outside a run, and for what is no provider", async () => {
    const args = ["--service-account", ACCOUNT, "--out", "c"];
    expect(await script("gcp/google-credentials.ts", [...args, "--provider", PROVIDER])).toMatchObject({ exitCode: 2 });
    expect(await script("gcp/google-credentials.ts", [...args, "--provider", "x"], GITHUB)).toMatchObject({
      exitCode: 2,
    });
  });
});

describe("the programs of the lockfile", () => {
  test("are found by the later steps of a job", async () => {
    const path = join(directory, "path");
    const job = { GITHUB_WORKSPACE: "/home/runner/work/x", GITHUB_PATH: path };
    const told = { exitCode: 0, stdout: expect.stringContaining("would find"), stderr: "" };
    expect(await script("path-of-programs.ts", ["--dry-run"], job)).toMatchObject(told);
    await expect(readFile(path)).rejects.toThrow("ENOENT");
    expect(await script("path-of-programs.ts", [], job)).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await readFile(path, "utf8")).toBe("/home/runner/work/x/node_modules/.bin\n");
  });

  test("are where nobody looks outside a workflow", async () => {
    expect(await script("path-of-programs.ts", [])).toMatchObject({ exitCode: 2, stdout: "" });
  });
});
