import { createHash } from "node:crypto";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { laneMachinery } from "./machinery.ts";

const lane = laneMachinery();

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
  await writeFile(join(lane.directory, "tags.json"), JSON.stringify(known));
  const program = `#!${process.execPath}
    const { appendFileSync, readFileSync, writeFileSync } = require("node:fs");
    const { createHash } = require("node:crypto");
    const args = process.argv.slice(2);
    const registry = ${JSON.stringify(lane.directory)} + "/tags.json";
    const tags = JSON.parse(readFileSync(registry, "utf8"));
    const of = (flag) => args.find((each) => each.startsWith(flag)).slice(flag.length);
    appendFileSync(${JSON.stringify(lane.directory)} + "/docker.log", args.join(" ") + "\\n");
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
  await writeFile(join(lane.directory, "docker"), program);
  await chmod(join(lane.directory, "docker"), 0o755);
}

async function dockerLog(): Promise<string> {
  return await readFile(join(lane.directory, "docker.log"), "utf8").catch(() => "");
}

async function registryTags(): Promise<unknown> {
  return JSON.parse(await readFile(join(lane.directory, "tags.json"), "utf8"));
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
  return await lane.script("release/kms-images.ts", [...args, ...more], { REGISTRY_TOKEN: "the-token", ...run });
}

const PROFILES = ["debug", "debug-read-only", "locked-read-only"];

describe("the images of the KMS", () => {
  test("are pushed for each profile by digest, by a BuildKit that is named by its own", async () => {
    await docker();
    const run = await buildImages();
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    const digests = PROFILES.map((profile) => [profile, imageDigest(profile)]);
    expect(JSON.parse(await readFile(join(lane.directory, "x.json"), "utf8"))).toEqual({
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
    await expect(readFile(join(lane.directory, "x.json"))).rejects.toThrow("ENOENT");
    expect(await dockerLog()).not.toMatch(/push=true|login/);
  });

  test("are built again where nothing has a tag yet, and never where something has", async () => {
    await docker();
    expect(await buildImages()).toMatchObject({ exitCode: 0 });
    expect(await buildImages()).toMatchObject({ exitCode: 0 });
    await docker({ known: { [`${KMS_IMAGE}:2.4.0`]: imageDigest("other") } });
    await rm(join(lane.directory, "docker.log"));
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
      await writeFile(join(lane.directory, "images.json"), JSON.stringify({ image: KMS_IMAGE, digests }));
      const args = ["--images", "images.json", "--version", "2.4.0", ...more];
      return await lane.script("release/kms-image-tags.ts", args, { REGISTRY_TOKEN: "the-token", GITHUB_ACTOR: "a" });
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
