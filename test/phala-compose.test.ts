import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getComposeHash } from "@phala/dstack-sdk";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  appComposeHash,
  ASSET,
  type ComposeTemplate,
  judge,
  kmsAppCompose,
  type KmsDeployment,
  parseComposeTemplate,
  RELEASE_ERROR_CODES,
  reviewAppCompose,
} from "../packages/release-artifacts/src/index.ts";
import { publishedText, sha256, stagedFiles, VERSION } from "../packages/release-artifacts/test/release-world.ts";
import { jsonWith } from "../packages/release-artifacts/test/release-vectors.ts";
import { ROOT } from "./markdown.ts";

const SCRIPT = join(ROOT, "scripts/phala/compose.ts");
const TEMPLATE = readFileSync(join(ROOT, "scripts/phala/kms-compose-template.yaml"), "utf8");
const DEPLOYMENT: KmsDeployment = {
  image: `registry.example/example/mero-kms-phala@sha256:${"ab".repeat(32)}`,
  version: "2.4.0",
  profile: "locked-read-only",
  nodePolicySha256: "cd".repeat(32),
  servicePort: 8080,
  keyProviderId: "30".repeat(91),
  hasRedis: false,
};

function templateOf(text: string): ComposeTemplate {
  const template = parseComposeTemplate(text);
  if (!template.ok) throw new Error(template.error.reason);
  return template.value;
}

const template = templateOf(TEMPLATE);

function made(changes: Partial<KmsDeployment> = {}) {
  const result = kmsAppCompose(template, { ...DEPLOYMENT, ...changes });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** A repository of which nothing is asked. */
const REPOSITORY = {
  configuration: [],
  kmsVersion: "2.4.0",
  lockedKmsVersions: ["2.4.0"],
  versionsFile: "",
  changedPaths: [],
  directories: new Set<string>(),
};

type Members = Record<string, unknown>;

/** The document with one thing changed. */
function documentWith(change: (members: Members) => void, deployment: Partial<KmsDeployment> = {}): Uint8Array {
  const members: Members = JSON.parse(made(deployment).text);
  change(members);
  return new TextEncoder().encode(JSON.stringify(members));
}

function editCompose(from: string, to: string): (members: Members) => void {
  return (members) => {
    const text = String(members["docker_compose_file"]);
    expect(text).toContain(from);
    members["docker_compose_file"] = text.replace(from, () => to);
  };
}

describe("the template of the KMS's composition", () => {
  test("has one service, with the settings of the release families and no others", () => {
    expect(made().dockerCompose).toBe(`services:
  mero-kms:
    image: ${DEPLOYMENT.image}
    restart: unless-stopped
    ports:
      - "8080:8080"
    environment:
      LISTEN_ADDR: "0.0.0.0:8080"
      DSTACK_SOCKET_PATH: "/var/run/dstack.sock"
      CHALLENGE_TTL_SECS: "60"
      ACCEPT_MOCK_ATTESTATION: "false"
      ENFORCE_MEASUREMENT_POLICY: "true"
      MERO_KMS_VERSION: "2.4.0"
      MERO_KMS_PROFILE: "locked-read-only"
      MERO_NODE_POLICY_SHA256: "${DEPLOYMENT.nodePolicySha256}"
    volumes:
      - /var/run/dstack.sock:/var/run/dstack.sock
`);
  });

  test("hands REDIS_URL on where a deployment has one, and differs in nothing else", () => {
    const [without, withRedis] = [made().dockerCompose, made({ hasRedis: true }).dockerCompose];
    expect(withRedis.replace("      REDIS_URL:\n", "")).toBe(without);
    expect(withRedis).toContain("      REDIS_URL:\n");
    expect(JSON.parse(made({ hasRedis: true }).text)).toMatchObject({ allowed_envs: ["REDIS_URL"] });
  });

  test.each([
    { name: "that the deployer would fill in", text: TEMPLATE.replace("unless-stopped", "${RESTART}"), why: "a $" },
    { name: "that Compose would fill in without braces", text: TEMPLATE.replace('"60"', '"$TTL"'), why: "a $" },
    { name: "without the image", text: TEMPLATE.replace("__IMAGE_REF__", "x"), why: "__IMAGE_REF__ 0 times" },
    { name: "with the version twice", text: TEMPLATE.replace('"60"', "__MERO_KMS_VERSION__"), why: "2 times" },
    { name: "with a placeholder of its own", text: TEMPLATE.replace('"60"', "__TTL__"), why: "__TTL__" },
    {
      name: "with the node policy elsewhere",
      text: TEMPLATE.replace("MERO_NODE_POLICY_SHA256: ", "NODE_POLICY: "),
      why: "no line for MERO_NODE_POLICY_SHA256",
    },
  ])("$name is refused", ({ text, why }) => {
    expect(parseComposeTemplate(text)).toMatchObject({
      ok: false,
      error: { code: "compose-template-malformed", reason: expect.stringContaining(why) },
    });
  });
});

describe("the app-compose document", () => {
  test("holds by rule G-10, as a guest under a key provider and with secure time", () => {
    const { text, name } = made();
    const document: Members = JSON.parse(text);
    expect(document).toMatchObject({
      name: "mero-kms-locked-read-only-2-4-0",
      allowed_envs: [],
      key_provider_id: DEPLOYMENT.keyProviderId,
      kms_enabled: true,
      local_key_provider_enabled: false,
      public_logs: true,
      public_sysinfo: false,
      secure_time: true,
    });
    expect(name).toBe("mero-kms-locked-read-only-2-4-0");
    for (const member of ["pre_launch_script", "init_script", "bash_script"])
      expect(document).not.toHaveProperty(member);
    const appCompose = { version: "2.4.0", profile: "locked-read-only", document } as const;
    expect(judge("repository", { ...REPOSITORY, appCompose }, (id) => id === "G-10")).toMatchObject([
      { status: "pass" },
    ]);
  });

  test.each([{ hasRedis: false }, { hasRedis: true }])(
    "has the hash that dstack's own tools compute: %o",
    (changes) => {
      const { text, composeHash } = made(changes);
      const document: Parameters<typeof getComposeHash>[0] = JSON.parse(text);
      expect(composeHash).toBe(getComposeHash(document));
      expect(appComposeHash(new TextEncoder().encode(text))).toEqual({ ok: true, value: composeHash });
    },
  );

  test("is the same bytes for the same deployment, and other bytes for every other", () => {
    const others: Partial<KmsDeployment>[] = [
      { image: DEPLOYMENT.image.replace("ab", "ac") },
      { version: "2.4.1" },
      { profile: "debug" },
      { nodePolicySha256: "ce".repeat(32) },
      { servicePort: 8081 },
      { keyProviderId: "31".repeat(91) },
      { hasRedis: true },
    ];
    const hashes = [{}, ...others].map((changes) => made(changes).composeHash);
    expect(made().composeHash).toBe(hashes[0]);
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test.each<{ name: string; field: keyof KmsDeployment; value: unknown }>([
    { name: "a tag", field: "image", value: "registry.example/example/mero-kms-phala:2.4.0" },
    { name: "a tag beside the digest", field: "image", value: DEPLOYMENT.image.replace("@", ":2.4.0@") },
    { name: "no registry", field: "image", value: `mero-kms-phala@sha256:${"ab".repeat(32)}` },
    { name: "a digest cut short", field: "image", value: DEPLOYMENT.image.slice(0, -1) },
    { name: "another line in the image", field: "image", value: `${DEPLOYMENT.image}\n    privileged: true` },
    { name: "an image that the deployer fills in", field: "image", value: "${IMAGE}" },
    { name: "a tag as the version", field: "version", value: "mero-kms-v2.4.0" },
    { name: "a quote in the version", field: "version", value: '2.4.0"' },
    { name: "no profile", field: "profile", value: "" },
    { name: "another profile", field: "profile", value: "production" },
    { name: "a short node policy digest", field: "nodePolicySha256", value: "cd" },
    { name: "an upper-case node policy digest", field: "nodePolicySha256", value: "CD".repeat(32) },
    { name: "port 0", field: "servicePort", value: 0 },
    { name: "port 65536", field: "servicePort", value: 65_536 },
    { name: "half a port", field: "servicePort", value: 80.5 },
    { name: "no key provider", field: "keyProviderId", value: "" },
    { name: "a key provider by name", field: "keyProviderId", value: "phala" },
  ])("is not made for $name", ({ field, value }) => {
    expect(kmsAppCompose(template, { ...DEPLOYMENT, [field]: value })).toMatchObject({
      ok: false,
      error: [{ code: "deployment-malformed", field }],
    });
  });
});

describe("reviewing an app-compose document", () => {
  test.each([{}, { hasRedis: true }, { profile: "debug", version: "2.4.0-rc.1", servicePort: 1 } as const])(
    "says what was deployed: %o",
    (changes) => {
      const { text, composeHash } = made(changes);
      expect(reviewAppCompose(template, new TextEncoder().encode(text))).toEqual({
        ok: true,
        value: { deployment: { ...DEPLOYMENT, ...changes }, composeHash },
      });
    },
  );

  test("accepts the order and the empty members of a platform, and hashes what it was given", () => {
    const document = documentWith((members) => {
      const { name } = members;
      delete members["name"];
      Object.assign(members, { features: ["kms", "tproxy-net"], pre_launch_script: "", docker_config: {}, name });
    });
    const reviewed = reviewAppCompose(template, document);
    expect(reviewed).toMatchObject({ ok: true, value: { deployment: DEPLOYMENT } });
    expect(reviewed).toMatchObject({ value: { composeHash: expect.not.stringMatching(made().composeHash) } });
  });

  test.each<{ name: string; member: string; change: (members: Members) => void }>([
    {
      name: "a value of the deployer's",
      member: "docker_compose_file",
      change: editCompose('PROFILE: "locked-read-only"', 'PROFILE: "${PROFILE}"'),
    },
    {
      name: "another variable",
      member: "docker_compose_file",
      change: editCompose("    volumes:", '      USE_ENV_POLICY: "true"\n    volumes:'),
    },
    {
      name: "a variable of the deployer's that is not allowed",
      member: "docker_compose_file",
      change: editCompose("    volumes:", "      REDIS_URL:\n    volumes:"),
    },
    {
      name: "enforcement switched off",
      member: "docker_compose_file",
      change: editCompose('POLICY: "true"', 'POLICY: "false"'),
    },
    {
      name: "a second service",
      member: "docker_compose_file",
      change: editCompose("services:\n", `services:\n  other:\n    image: ${DEPLOYMENT.image}\n`),
    },
    {
      name: "a tag instead of a digest",
      member: "docker_compose_file",
      change: editCompose(/@sha256:[0-9a-f]{64}/.exec(DEPLOYMENT.image)?.[0] ?? "", ":2.4.0"),
    },
    { name: "a port with a leading zero", member: "docker_compose_file", change: editCompose('"8080:', '"08080:') },
    { name: "no composition", member: "docker_compose_file", change: editCompose("services:", "service:") },
    {
      name: "another allowed variable",
      member: "allowed_envs",
      change: (members) => (members["allowed_envs"] = ["LOG_LEVEL"]),
    },
    {
      name: "more than one allowed variable",
      member: "allowed_envs",
      change: (members) => (members["allowed_envs"] = ["REDIS_URL", "LOG_LEVEL"]),
    },
    {
      name: "no list of allowed variables",
      member: "allowed_envs",
      change: (members) => delete members["allowed_envs"],
    },
    { name: "no key provider", member: "key_provider_id", change: (members) => delete members["key_provider_id"] },
    {
      name: "an empty key provider",
      member: "key_provider_id",
      change: (members) => (members["key_provider_id"] = ""),
    },
    {
      name: "keys of the machine itself",
      member: "local_key_provider_enabled",
      change: (members) => (members["local_key_provider_enabled"] = true),
    },
    {
      name: "no key service",
      member: "kms_enabled",
      change: (members) => (members["kms_enabled"] = false),
    },
    { name: "a clock of the host's", member: "secure_time", change: (members) => delete members["secure_time"] },
    {
      name: "another name",
      member: "name",
      change: (members) => (members["name"] = "mero-kms-debug-2-4-0"),
    },
    {
      name: "a script before the start",
      member: "pre_launch_script",
      change: (members) => (members["pre_launch_script"] = "true"),
    },
    { name: "an init script", member: "init_script", change: (members) => (members["init_script"] = "true") },
    { name: "another runner", member: "runner", change: (members) => (members["runner"] = "bash") },
    { name: "a member that nobody reviewed", member: "sidecar", change: (members) => (members["sidecar"] = true) },
    {
      name: "keys that need no key service",
      member: "key_provider",
      change: (members) => (members["key_provider"] = "none"),
    },
  ])("refuses $name", ({ member, change }) => {
    const document = documentWith(change);
    expect(reviewAppCompose(template, document)).toMatchObject({
      ok: false,
      error: [{ code: "app-compose-unreviewed", member }],
    });
  });

  test("refuses a member that stands there twice, as other readers may take the other", () => {
    const text = made().text.replace('"allowed_envs":[]', '"allowed_envs":["LOG_LEVEL"],"allowed_envs":[]');
    expect(reviewAppCompose(template, new TextEncoder().encode(text))).toMatchObject({
      ok: false,
      error: [{ code: "app-compose-malformed" }],
    });
  });

  test("has only codes that are documented", () => {
    for (const code of ["app-compose-unreviewed", "compose-template-malformed", "deployment-malformed"])
      expect(RELEASE_ERROR_CODES).toContain(code);
  });
});

async function run(...args: readonly string[]) {
  return await execa(process.execPath, [SCRIPT, ...args], { reject: false });
}

describe("the command", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mero-tee-compose-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  const chosen = ["--image", DEPLOYMENT.image, "--version", "2.4.0", "--profile", "locked-read-only"];
  const digests = ["--node-policy-sha256", DEPLOYMENT.nodePolicySha256, "--key-provider-id", DEPLOYMENT.keyProviderId];

  test("writes the documents, and reads them back", async () => {
    const out = join(folder, "written");
    const rendered = await run(...chosen, ...digests, "--out", out, "--json");
    expect(rendered).toMatchObject({ exitCode: 0, stderr: "" });
    const { composeHash } = made();
    expect(JSON.parse(rendered.stdout)).toEqual({
      schemaVersion: 1,
      ok: true,
      composeHash,
      deployment: DEPLOYMENT,
      provisioning: { name: "mero-kms-locked-read-only-2-4-0", kms: "PHALA", prefer_dev: false, listed: false },
    });
    const file = join(out, "app-compose.json");
    expect(await readFile(file, "utf8")).toBe(made().text);
    expect(await readFile(join(out, "docker-compose.yaml"), "utf8")).toBe(made().dockerCompose);
    const checked = await run("--check", file, "--expected", composeHash, "--json");
    expect(checked.exitCode).toBe(0);
    expect(JSON.parse(checked.stdout)).toEqual({ schemaVersion: 1, ok: true, composeHash, deployment: DEPLOYMENT });
    const other = await run("--check", file, "--expected", "00".repeat(32));
    expect(other).toMatchObject({ exitCode: 10, stderr: expect.stringContaining("compose-hash-mismatch") });
  });

  test("writes nothing on a dry run, nor for what must not be deployed", async () => {
    expect((await run(...chosen, ...digests, "--out", folder, "--dry-run")).exitCode).toBe(0);
    const refused = await run(...chosen, "--out", folder);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr.split("\n").map((line) => line.split(" must")[0])).toEqual([
      "deployment-malformed: nodePolicySha256",
      "deployment-malformed: keyProviderId",
    ]);
    expect((await readdir(folder)).filter((name) => name !== "written")).toEqual([]);
  });

  test("ends with 10 for a document that is not the reviewed one, with 1 for none and with 2 for an unknown option", async () => {
    const file = join(folder, "written", "odd.json");
    await writeFile(
      file,
      documentWith((members) => (members["allowed_envs"] = ["LOG_LEVEL"])),
    );
    const refused = await run("--check", file, "--json");
    expect(refused.exitCode).toBe(10);
    expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, failures: [{ code: "app-compose-unreviewed" }] });
    expect((await run("--check", join(folder, "absent.json"))).exitCode).toBe(1);
    const unknown = await run("--tag", "x");
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain("\nusage: pnpm --silent kms-compose ");
  });
});

function textOf(files: ReadonlyMap<string, Uint8Array>, name: string): string {
  return new TextDecoder().decode(files.get(name));
}

describe("the command, with what was released", () => {
  const PROFILE = "locked-read-only";
  const RELEASED = {
    image: `ghcr.io/calimero-network/mero-kms-phala@sha256:${sha256(`image ${PROFILE}`)}`,
    version: VERSION,
    nodePolicySha256: sha256(publishedText()),
  };
  const chosen = ["--version", VERSION, "--profile", PROFILE, "--key-provider-id", DEPLOYMENT.keyProviderId];
  let folder: string;
  let [kms, node] = ["", ""];
  let map: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mero-tee-released-"));
    [kms, node] = [join(folder, "kms"), join(folder, "node")];
    await Promise.all([kms, node].map(async (directory) => await mkdir(directory)));
    const files = await stagedFiles({ lane: "kms" });
    const hash = made(RELEASED).composeHash;
    map = jsonWith(textOf(files, ASSET.compatibilityMap), `compatibility/profiles/${PROFILE}/event_payload`, hash);
    await writeFile(join(kms, ASSET.kmsManifest), textOf(files, ASSET.kmsManifest));
    await writeFile(join(node, ASSET.publishedMrtds), publishedText());
  });

  beforeEach(async () => {
    await writeFile(join(kms, ASSET.compatibilityMap), map);
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  async function compose(...args: readonly string[]) {
    return await run(...chosen, "--out", join(folder, "out"), ...args);
  }

  /** What it says, and that nothing was written. */
  async function refusal(...args: readonly string[]) {
    const { exitCode, stderr } = await compose(...args);
    expect(await readdir(folder)).not.toContain("out");
    return { exitCode, code: stderr.split(":")[0], stderr };
  }

  test("is refused where the release says something else", async () => {
    expect(await refusal("--release", kms, "--service-port", "8081")).toMatchObject({
      exitCode: 10,
      code: "compose-hash-mismatch",
    });
    await writeFile(
      join(kms, ASSET.compatibilityMap),
      jsonWith(map, "compatibility/node_policy_sha256", "00".repeat(32)),
    );
    expect(await refusal("--release", kms)).toMatchObject({ exitCode: 10, code: "compose-hash-mismatch" });
  });

  test.each([
    ["a map without the node policy", '"node_policy_sha256"', '"other"', "document-field-missing"],
    ["a map of another version", `"tag": "${VERSION}"`, '"tag": "2.4.1"', "document-field-malformed"],
    ["a map that was cut", '"compatibility"', "", "document-json-malformed"],
  ])("is refused for %s", async (_, from, to, code) => {
    expect(map).toContain(from);
    await writeFile(join(kms, ASSET.compatibilityMap), map.replace(from, to));
    expect(await refusal("--release", kms)).toMatchObject({ exitCode: 10, code });
  });

  test("is refused for the release of another lane, and of another version", async () => {
    expect(await refusal("--release", node)).toMatchObject({ exitCode: 1 });
    expect(await refusal("--image", RELEASED.image, "--node-release", kms)).toMatchObject({ exitCode: 1 });
    expect(await refusal("--image", RELEASED.image, "--node-release", node, "--version", "2.4.1")).toMatchObject({
      exitCode: 10,
      code: "document-field-malformed",
    });
  });

  test.each([
    [["--release", "kms", "--image", RELEASED.image], "--release and --image"],
    [["--release", "kms", "--node-policy-sha256", RELEASED.nodePolicySha256], "--release and --node-policy-sha256"],
    [["--release", "kms", "--node-release", "node"], "--release and --node-release"],
    [["--node-release", "node", "--node-policy-sha256", ""], "--node-release and --node-policy-sha256"],
    [["--check", "app-compose.json", "--release", "kms"], "--check and --release"],
  ])("takes each value once: %j", async (args, named) => {
    expect(await refusal(...args)).toMatchObject({ exitCode: 2, stderr: `${named} exclude each other` });
  });

  test("makes the composition of a release of the KMS, and that for a release of the node image", async () => {
    const released = await compose("--release", kms, "--json");
    expect(released).toMatchObject({ exitCode: 0, stderr: "" });
    expect(JSON.parse(released.stdout)).toMatchObject({ deployment: { ...DEPLOYMENT, ...RELEASED } });
    expect(await readFile(join(folder, "out/app-compose.json"), "utf8")).toBe(made(RELEASED).text);
    const forNode = await compose("--image", RELEASED.image, "--node-release", node, "--json");
    expect(forNode.stdout).toBe(released.stdout);
  });
});
