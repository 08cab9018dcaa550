import { createHash } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROFILES, type Profile } from "@mero-tee/policy";
import { DOCUMENT_SHAPES, kmsAppCompose, parseComposeTemplate, parseDocument } from "@mero-tee/release-artifacts";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { releaseFiles } from "../../bundle/release-files.ts";
import { BASE, partFile } from "../../image/base-parts.ts";
import { buildContext, type ContextFile } from "../../image/build-context.ts";
import { writeContext } from "../../image/context-store.ts";
import { takeMembers } from "../../image/part-store.ts";
import { startChild } from "../e2e/child.ts";
import { startDeployment } from "../e2e/deployment.ts";
import { converse } from "../e2e/whole-conversation.ts";
import { BASE_PARTS, MAY_CHROOT } from "./base-here.ts";

// Docker cannot run everywhere. What an image is comes down to files, a user and a command: those are tried here, with the
// kernel's own change of root.
const BUILD = { version: "2.4.0", commit: "aed4e223e6c3b94322280fef57aa739cd233ca2d" };
const COMMIT_TIME = 1_768_472_400;
const LIMIT_MS = 180_000;
const TEMPLATE = new URL("../../../../scripts/phala/kms-compose-template.yaml", import.meta.url);
const COMMAND = ["--userspec=10001:10001"];
const ENVIRONMENT = { MALLOC_ARENA_MAX: "1" };
const ENTRYPOINT = [
  "/usr/bin/node",
  "--max-semi-space-size=8",
  "--initial-old-space-size=40",
  "--heap-growing-percent=30",
  "--invocation-count-for-turbofan=100",
  "/opt/mero-kms/mero-kms-phala.mjs",
];

let folder: string;
let context: ReadonlyMap<string, ContextFile>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kms-image-"));
  await chmod(folder, 0o755);
  if (BASE_PARTS === null) return;
  await mkdir(join(folder, "bundle"));
  for (const [name, content] of await releaseFiles(BUILD, COMMIT_TIME)) {
    await writeFile(join(folder, "bundle", name), content);
  }
  context = await buildContext(join(folder, "bundle"), BASE_PARTS);
}, LIMIT_MS);

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The root directory that the Dockerfile makes, for a profile or for none. */
async function makeRoot(profile: Profile | null): Promise<string> {
  const built = await mkdtemp(join(folder, "context-"));
  const directory = join(built, "context");
  await writeContext(directory, context, COMMIT_TIME);
  const root = join(directory, "rootfs");
  await mkdir(join(root, "opt/mero-kms"), { recursive: true });
  for (const name of ["mero-kms-phala.mjs", "NOTICES.txt"]) {
    await cp(join(directory, name), join(root, "opt/mero-kms", name));
  }
  await chmod(built, 0o755);
  if (profile === null) return root;
  await mkdir(join(root, "etc/mero-kms"));
  await cp(join(directory, `profiles/${profile}.profile`), join(root, "etc/mero-kms/image-profile"));
  return root;
}

/** The settings of the composition's template, filled in. */
function templateSettings(profile: Profile): Record<string, string> {
  const template = parseComposeTemplate(readFileSync(TEMPLATE, "utf8"));
  if (!template.ok) throw new Error(template.error.reason);
  const compose = kmsAppCompose(template.value, {
    image: `registry.example/example/mero-kms-phala@sha256:${"ab".repeat(32)}`,
    version: BUILD.version,
    profile,
    nodePolicySha256: "cd".repeat(32),
    servicePort: 8080,
    keyProviderId: "30".repeat(91),
    hasRedis: false,
  });
  if (!compose.ok) throw new Error(JSON.stringify(compose.error));
  const settings = compose.value.dockerCompose.matchAll(/^ {6}(?<name>[A-Z0-9_]+): "(?<value>[^"]*)"$/gm);
  return Object.fromEntries([...settings].map(({ groups }) => [groups?.["name"], groups?.["value"]]));
}

describe.skipIf(BASE_PARTS === null)("the build context", () => {
  test("is the same bytes, modes and times, whoever writes it and when", { timeout: LIMIT_MS }, async () => {
    const mask = process.umask(0o077);
    const places = [join(folder, "one"), join(folder, "deeper", "two")] as const;
    try {
      await writeContext(places[0], context, COMMIT_TIME);
      process.umask(0o002);
      await writeContext(places[1], await buildContext(join(folder, "bundle"), BASE_PARTS ?? ""), COMMIT_TIME);
    } finally {
      process.umask(mask);
    }
    const [first, second] = await Promise.all(places.map(describeTree));
    expect(second).toEqual(first);
    expect(first?.length).toBeGreaterThan(20);
    expect(new Set(first?.map(({ seconds }) => seconds))).toEqual(new Set([COMMIT_TIME]));
    await expect(writeContext(places[0], context, COMMIT_TIME)).rejects.toThrow("EEXIST");
  });

  test("has nothing that anybody but root may write", () => {
    for (const [path, { mode }] of context)
      expect({ path, isWritable: (mode & 0o222) !== 0 }).toEqual({ path, isWritable: false });
    expect([...context].filter(([, { mode }]) => mode === 0o555).map(([path]) => path)).toEqual([
      "rootfs/lib64/ld-linux-x86-64.so.2",
      "rootfs/usr/bin/node",
    ]);
  });

  test("comes with an SBOM of the bundle and of every package", () => {
    const text = new TextDecoder().decode(context.get("kms-phala-container-sbom.spdx.json")?.content);
    const sbom: { packages: { name: string; versionInfo: string; SPDXID: string }[] } = JSON.parse(text);
    expect(parseDocument("sbom", text, DOCUMENT_SHAPES.sbom).ok).toBe(true);
    const names = sbom.packages.map(({ name, versionInfo }) => `${name} ${versionInfo}`);
    for (const { name, version } of BASE.parts) expect(names).toContain(`${name} ${version}`);
    for (const name of ["mero-kms-phala-image 2.4.0", "mero-kms-phala 2.4.0"]) expect(names).toContain(name);
    expect(names.some((name) => name.startsWith("fastify "))).toBe(true);
    expect(new Set(sbom.packages.map(({ SPDXID }) => SPDXID)).size).toBe(names.length);
  });

  test("is not made of a package that is missing, or is not the pinned one", async () => {
    const [part] = BASE.parts;
    if (part === undefined) throw new Error("nothing is pinned");
    const parts = await mkdtemp(join(folder, "parts-"));
    await expect(takeMembers(parts, part)).rejects.toThrow(`${partFile(part)} is missing`);
    const genuine = await readFile(join(BASE_PARTS ?? "", partFile(part)));
    genuine[genuine.length - 1] = (genuine.at(-1) ?? 0) ^ 1;
    await writeFile(join(parts, partFile(part)), genuine);
    await expect(takeMembers(parts, part)).rejects.toThrow(`pinned is ${part.sha256}`);
  });
});

/** Every file and directory below, with what an image keeps of it. */
async function describeTree(directory: string) {
  const names = (await readdir(directory, { recursive: true })).toSorted();
  return await Promise.all(
    names.map(async (name) => {
      const path = join(directory, name);
      const found = await stat(path);
      const bytes = found.isFile() ? await readFile(path) : new Uint8Array();
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { name, sha256, mode: found.mode, seconds: found.mtimeMs / 1000 };
    }),
  );
}

describe.skipIf(BASE_PARTS === null || !MAY_CHROOT)("the root file system of the image", () => {
  test(
    "starts as uid 10001 with nothing of this machine, and gives a node its key",
    { timeout: LIMIT_MS },
    async () => {
      const root = await makeRoot(null);
      const args = [...COMMAND, root, ...ENTRYPOINT];
      const deployment = await startDeployment({ replicas: 1, kms: { command: "/usr/sbin/chroot", args, root } });
      try {
        const [kms] = deployment.replicas;
        if (kms === undefined) throw new Error("no KMS");
        const { plain, expectedPlain, wrapped, expectedWrapped } = await converse(deployment, kms);
        expect(plain).toEqual({ status: 200, key: expectedPlain });
        expect(wrapped).toBe(expectedWrapped);
      } finally {
        await deployment.close();
      }
    },
  );

  test.each(PROFILES)(
    "pinned to %s starts with the settings of the template, and attests",
    { timeout: LIMIT_MS },
    async (profile) => {
      const root = await makeRoot(profile);
      const deployment = await startDeployment({ replicas: 0, kms: { command: "", args: [], root } });
      await mkdir(join(root, "var/run"));
      await symlink(deployment.agentSocket, join(root, "var/run/dstack.sock"));
      const settings = { ...templateSettings(profile), LISTEN_ADDR: "127.0.0.1:0" };
      expect(Object.keys(settings)).toHaveLength(8);
      const env = { ...ENVIRONMENT, ...settings };
      const child = startChild("/usr/sbin/chroot", [...COMMAND, root, ...ENTRYPOINT], env);
      try {
        const [, port] = await child.line(/"address":"127\.0\.0\.1:([0-9]+)"/);
        const url = `http://127.0.0.1:${port}`;
        const attested = await fetch(`${url}/attest`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ nonceB64: Buffer.alloc(32, 7).toString("base64") }),
        });
        expect(attested.status).toBe(200);
        expect(await (await fetch(`${url}/ready`)).json()).toMatchObject({
          ready: false,
          build: { ...BUILD, profile },
        });
        expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "alive", service: "mero-kms-phala" });
        await child.end();
      } finally {
        await child.kill();
        await deployment.close();
      }
    },
  );

  test("refuses what would undo the pin, all of it at once", { timeout: LIMIT_MS }, async () => {
    const root = await makeRoot("locked-read-only");
    const env = {
      ...templateSettings("locked-read-only"),
      MERO_KMS_PROFILE: "debug",
      MERO_KMS_VERSION: "2.3.9",
      ACCEPT_MOCK_ATTESTATION: "true",
      ENFORCE_MEASUREMENT_POLICY: "false",
      SIMULATED_ROOT_CA_FILE: "/root.pem",
      SIGSTORE_TRUSTED_ROOT_FILE: "/root.json",
      MERO_TEE_REPOSITORY: "example/fork",
      MERO_NODE_POLICY_SHA256: undefined,
    };
    const run = await execa("/usr/sbin/chroot", [...COMMAND, root, ...ENTRYPOINT], {
      env,
      extendEnv: false,
      reject: false,
    });
    expect(run.exitCode).toBe(78);
    const settings = run.stderr.split("\n").map((line) => line.split(": ")[1]);
    expect(new Set(settings)).toEqual(
      new Set([
        "MERO_KMS_PROFILE",
        "MERO_KMS_VERSION",
        "ACCEPT_MOCK_ATTESTATION",
        "ENFORCE_MEASUREMENT_POLICY",
        "SIMULATED_ROOT_CA_FILE",
        "SIGSTORE_TRUSTED_ROOT_FILE",
        "MERO_TEE_REPOSITORY",
        "MERO_NODE_POLICY_SHA256",
        "more",
      ]),
    );
    expect(run.stderr).toContain("which was built as 2.4.0");
  });

  test("has no place that uid 10001 may write, and no shell", { timeout: LIMIT_MS }, async () => {
    const root = await makeRoot("locked-read-only");
    const found = await execa("find", [root, "-perm", "/022", "-o", "!", "-user", "0", "-o", "-type", "l"]);
    expect(found.stdout).toBe("");
    const tried = await execa("/usr/sbin/chroot", [...COMMAND, root, "/usr/bin/node", "-e", WRITE_EVERYWHERE], {
      env: {},
      extendEnv: false,
    });
    expect(JSON.parse(tried.stdout)).toEqual([]);
    expect((await readdir(join(root, "usr/bin"))).toSorted()).toEqual(["node"]);
  });
});

/** Prints every directory in which a file can be made. */
const WRITE_EVERYWHERE = `
const fs = require("node:fs");
const open = fs.readdirSync("/", { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isDirectory()).map((entry) => entry.parentPath + "/" + entry.name).concat("/")
  .filter((directory) => { try { fs.writeFileSync(directory + "/planted", ""); return true; } catch { return false; } });
console.log(JSON.stringify(open));`;
