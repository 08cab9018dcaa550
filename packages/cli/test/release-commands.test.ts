import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

import { memoryFiles } from "./memory-files.ts";
import { documentOf, runInWorld } from "./run-cli.ts";

function vector(name: string): string {
  return readFileSync(new URL(`../../release-artifacts/test/vectors/release/${name}`, import.meta.url), "utf8");
}

const MAP = "kms-phala-compatibility-map.json";
const CATALOG = "compatibility-catalog.json";
const EMPTY = '{\n  "schema_version": 1,\n  "releases": []\n}\n';

describe("compose-hash", () => {
  const document = '{"docker_compose_file": "services: {}", "name": "kms"}';
  const composeHash = createHash("sha256").update(document).digest("hex");

  test("is the digest of the bytes", async () => {
    const files = memoryFiles({ "app-compose.json": document });
    const args = ["compose-hash", "app-compose.json"];
    expect(await runInWorld(args, { files })).toEqual({ exitCode: 0, stdout: `${composeHash}\n`, stderr: "" });
    const expected = [...args, "--expected", `0x${composeHash.toUpperCase()}`, "--json"];
    expect(documentOf(await runInWorld(expected, { files }))).toEqual({ schemaVersion: 1, composeHash, failure: null });
    const other = await runInWorld([...args, "--expected", "0".repeat(64), "--json"], { files });
    expect(other.exitCode).toBe(10);
    expect(documentOf(other)).toMatchObject({ composeHash, failure: { code: "compose-hash-mismatch" } });
  });

  test.each([
    { name: "the bare composition", content: "services:\n  kms: {}\n" },
    { name: "JSON that is something else", content: '{"services": {}}' },
    { name: "a key twice", content: '{"docker_compose_file": "a", "docker_compose_file": "b"}' },
  ])("is not given for $name", async ({ content }) => {
    const outcome = await runInWorld(["compose-hash", "f", "--json"], { files: memoryFiles({ f: content }) });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ composeHash: null, failure: { code: "app-compose-malformed" } });
  });
});

describe("compat update", () => {
  const args = ["compat", "update", "--map", MAP, "--tested"];

  test("lists a release as the example catalog does", async () => {
    const files = memoryFiles({ [MAP]: vector(MAP), [CATALOG]: EMPTY });
    const outcome = await runInWorld([...args, "--json"], { files });
    expect(documentOf(outcome)).toEqual({ schemaVersion: 1, changed: true, version: "2.4.0", failure: null });
    expect(files.written.get(CATALOG)?.text).toBe(vector(CATALOG));
  });

  test("writes nothing where nothing changes, and under --check never", async () => {
    const same = memoryFiles({ [MAP]: vector(MAP), [CATALOG]: vector(CATALOG) });
    expect(await runInWorld([...args, "--check"], { files: same })).toMatchObject({
      exitCode: 0,
      stdout: `${CATALOG} lists 2.4.0\n`,
    });
    const files = memoryFiles({ [MAP]: vector(MAP), [CATALOG]: EMPTY });
    const outcome = await runInWorld([...args, "--check", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({
      changed: true,
      rules: [{ id: "P-06", status: "fail" }],
      failure: { code: "catalog-outdated" },
    });
    expect([same.written.size, files.written.size]).toEqual([0, 0]);
  });

  test("puts a release in its place among the versions", async () => {
    const at = (version: string): string => vector(MAP).replaceAll("2.4.0", version);
    let catalog = vector(CATALOG);
    for (const version of ["2.10.0", "2.3.9", "2.4.1"]) {
      const files = memoryFiles({ [MAP]: at(version), [CATALOG]: catalog });
      expect((await runInWorld(args, { files })).exitCode).toBe(0);
      catalog = files.written.get(CATALOG)?.text ?? "";
    }
    const versions = [...catalog.matchAll(/"version": "(?<version>[^"]+)"/g)].map(({ groups }) => groups?.["version"]);
    expect(versions).toEqual(["2.3.9", "2.4.0", "2.4.1", "2.10.0"]);
  });

  test.each([
    {
      name: "a candidate",
      map: vector(MAP).replaceAll("2.4.0", "2.4.0-rc.1"),
      catalog: EMPTY,
      code: "catalog-candidate-refused",
    },
    {
      name: "another digest",
      map: vector(MAP).replace("a47cd8c5", "00000000"),
      catalog: vector(CATALOG),
      code: "catalog-entry-conflict",
    },
    {
      name: "a catalog that points elsewhere",
      map: vector(MAP),
      catalog: vector(CATALOG).replaceAll("2.4.0", "2.3.0").replace("calimero-network", "somebody"),
      code: "catalog-inconsistent",
    },
  ])("refuses $name", async ({ map, catalog, code }) => {
    const files = memoryFiles({ [MAP]: map, [CATALOG]: catalog });
    const outcome = await runInWorld([...args, "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ failure: { code } });
    expect(files.written.size).toBe(0);
  });
});

describe("compat list", () => {
  test("lists what belongs together, and what was withdrawn", async () => {
    const withdrawn = '"tested": true, "withdrawn": {"reason": "leak", "at": "2026-02-01T00:00:00Z"}';
    const files = memoryFiles({ [CATALOG]: vector(CATALOG).replace('"tested": true', withdrawn) });
    const { exitCode, stdout } = await runInWorld(["compat", "list"], { files });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^ {2}2\.4\.0 +mero-kms-v2\.4\.0 +mero-tee-v2\.4\.0 +stable +withdrawn 2026-02-01T00:00:00Z: leak$/m,
    );
    const document = documentOf(await runInWorld(["compat", "list", "--json"], { files }));
    expect(document).toMatchObject({ schemaVersion: 1, releases: [{ version: "2.4.0" }], failure: null });
  });

  test("says when there is nothing yet", async () => {
    const files = memoryFiles({ [CATALOG]: '{\n  "schema_version": 1,\n  "releases": []\n}\n' });
    expect((await runInWorld(["compat", "list"], { files })).stdout).toBe("no release is listed yet\n");
  });
});

describe("compat check", () => {
  const two = vector(CATALOG).replace(
    /\n {2}\]/,
    `,\n    ${vector(CATALOG)
      .slice(vector(CATALOG).indexOf("[") + 1, vector(CATALOG).lastIndexOf("]"))
      .trim()
      .replaceAll("2.4.0", "2.5.0")}\n  ]`,
  );
  const check = async (catalog: string, kms: string, node: string) =>
    await runInWorld(["compat", "check", "--kms", kms, "--node", node, "--json"], {
      files: memoryFiles({ [CATALOG]: catalog }),
    });

  test("knows two releases of one version", async () => {
    const outcome = await check(vector(CATALOG), "mero-kms-v2.4.0", "node-image-gcp-v2.4.0");
    expect(outcome.exitCode).toBe(0);
    expect(documentOf(outcome)).toMatchObject({
      compatible: true,
      release: { kms_tag: "mero-kms-v2.4.0" },
      failure: null,
    });
  });

  test.each([
    {
      name: "a release that is not listed",
      catalog: vector(CATALOG),
      kms: "2.3.0",
      node: "2.3.0",
      code: "catalog-release-unlisted",
    },
    { name: "two versions", catalog: two, kms: "2.4.0", node: "2.5.0", code: "catalog-versions-differ" },
    {
      name: "a withdrawn release",
      catalog: vector(CATALOG).replace(
        '"tested": true',
        '"tested": true, "withdrawn": {"reason": "leak", "at": "2026-02-01T00:00:00Z"}',
      ),
      kms: "2.4.0",
      node: "2.4.0",
      code: "catalog-release-withdrawn",
    },
    {
      name: "an untested release",
      catalog: vector(CATALOG).replace('"tested": true', '"tested": false'),
      kms: "2.4.0",
      node: "2.4.0",
      code: "catalog-release-untested",
    },
    {
      name: "a version twice",
      catalog: two.replaceAll("2.5.0", "2.4.0"),
      kms: "2.4.0",
      node: "2.4.0",
      code: "catalog-inconsistent",
    },
    {
      name: "a candidate in the catalog",
      catalog: vector(CATALOG).replaceAll("2.4.0", "2.4.0-rc.1"),
      kms: "2.4.0",
      node: "2.4.0",
      code: "catalog-inconsistent",
    },
  ])("refuses $name", async ({ catalog, kms, node, code }) => {
    const outcome = await check(catalog, kms, node);
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ compatible: false, failure: { code } });
  });

  test("asks for the catalog where there is no checkout", async () => {
    const elsewhere = { files: memoryFiles({}) };
    const args = ["compat", "check", "--kms", "2.4.0", "--node", "2.4.0"];
    const outcome = await runInWorld(args, elsewhere);
    expect(outcome.exitCode).toBe(11);
    expect(outcome.stderr).toContain("Give --catalog, or run this in a checkout.");
    expect((await runInWorld([...args, "--catalog", "x"], elsewhere)).stderr).not.toContain("Give --catalog");
  });

  test.each(["2.4", "v2.4.0", "latest"])("%j is no version", async (version) => {
    expect((await check(vector(CATALOG), version, "2.4.0")).exitCode).toBe(2);
  });
});

describe("release verify", () => {
  const files = memoryFiles({
    "kms/kms-phala-release-manifest.json": vector("kms-phala-release-manifest.json"),
    "other/x": "",
    "kms2/readme": "",
  });

  test("lists everything that does not hold", async () => {
    const outcome = await runInWorld(["release", "verify", "kms", "--lane", "kms", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    const document = documentOf<{ rules: { id: string; status: string; message: string }[] }>(outcome);
    expect(document).toMatchObject({
      schemaVersion: 1,
      ok: false,
      lane: "kms",
      version: "2.4.0",
      failure: { stage: "release" },
    });
    expect(document.rules.find(({ id }) => id === "AS-01")?.message).toContain(
      "release 2.4.0 lacks kms-phala-checksums.txt",
    );
    expect(Object.keys(document)).toEqual([
      "schemaVersion",
      "ok",
      "lane",
      "version",
      "rules",
      "assets",
      "overrides",
      "failure",
    ]);
  });

  test.each([
    { name: "a directory that is not there", args: ["nothere", "--lane", "kms"], exitCode: 11, code: "file-missing" },
    {
      name: "a directory of no release",
      args: ["other", "--lane", "kms"],
      exitCode: 10,
      code: "release-version-unknown",
    },
    {
      name: "two identities",
      args: ["kms", "--lane", "kms", "--identity", "a", "--identity-regex", "b"],
      exitCode: 2,
      code: "usage-invalid",
    },
    {
      name: "a trusted root that is none",
      args: ["kms", "--lane", "kms", "--trusted-root", "other/x"],
      exitCode: 10,
      code: "trusted-root-malformed",
    },
  ])("refuses $name", async ({ args, exitCode, code }) => {
    const outcome = await runInWorld(["release", "verify", ...args, "--json"], { files });
    expect(outcome.exitCode).toBe(exitCode);
    expect(documentOf(outcome)).toMatchObject({ ok: false, failure: { code } });
  });

  test("shows what departs from the lane's own signer", async () => {
    const environment = {
      COSIGN_CERTIFICATE_IDENTITY_REGEXP: "https://github.com/fork/.*",
      MERO_TEE_REPOSITORY: "fork/mero-tee",
    };
    const outcome = await runInWorld(["release", "verify", "kms", "--lane", "kms", "--json"], { files, environment });
    expect(documentOf(outcome)).toMatchObject({
      overrides: { repository: "fork/mero-tee", identityRegex: "https://github.com/fork/.*" },
    });
    const text = await runInWorld(["release", "verify", "kms", "--lane", "kms"], { files, environment });
    expect(text.stdout).toContain("! identityRegex was set to https://github.com/fork/.*");
    const broken = await runInWorld(["release", "verify", "kms", "--lane", "kms"], {
      files,
      environment: { MERO_TEE_REPOSITORY: "../x" },
    });
    expect(broken.exitCode).toBe(2);
  });
});

describe("policy generate", () => {
  const PUBLISHED = "published-mrtds.json";
  // The example is of a node; a KMS never measures its RTMR3.
  const candidates = vector("measurement-policy-candidates-locked-read-only.json").replace(
    /(?<="allowed_rtmr3": \[\s*")../,
    "00",
  );
  const identity = vector("kms-app-identity.json");
  const args = ["policy", "generate", "--kms-candidates", "c.json", "--node-policy", PUBLISHED, "--profile"];

  function world(change: Readonly<Record<string, string>> = {}) {
    return memoryFiles({ "c.json": candidates, "i.json": identity, [PUBLISHED]: vector(PUBLISHED), ...change });
  }

  test("writes what a release would publish, with the digest of the node release", async () => {
    const files = world();
    const outcome = await runInWorld([...args, "locked-read-only", "--identity", "i.json", "--json"], { files });
    const digest = createHash("sha256").update(vector(PUBLISHED)).digest("hex");
    expect(documentOf(outcome)).toMatchObject({
      profile: "locked-read-only",
      status: "ready",
      tag: "2.4.0",
      workflow_run_id: "0",
      node_policy: { sha256: digest },
    });
    const valid = memoryFiles({ "p.json": outcome.stdout });
    expect((await runInWorld(["policy", "validate", "p.json"], { files: valid })).exitCode).toBe(0);
  });

  test("is not ready without what a probe proved, and says nothing more with --out", async () => {
    const files = world();
    const outcome = await runInWorld([...args, "debug", "--out", "kms.debug.json"], { files });
    expect(outcome).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(JSON.parse(files.written.get("kms.debug.json")?.text ?? "")).toMatchObject({
      status: "policy_not_ready",
      policy: { kms_allowed_event_payload: [] },
    });
  });

  test.each([
    { name: "an identity of another profile", profile: "debug", change: {}, code: "input-unrecognised" },
    { name: "cut candidates", profile: "debug", change: { "c.json": "{" }, code: "document-json-malformed" },
    {
      name: "a key twice",
      profile: "debug",
      change: { [PUBLISHED]: '{"tag":"2.4.0","tag":"2.4.1"}' },
      code: "document-json-malformed",
    },
  ])("refuses $name", async ({ profile, change, code }) => {
    const files = world(change);
    const outcome = await runInWorld([...args, profile, "--identity", "i.json", "--json"], { files });
    expect(outcome.exitCode).toBe(10);
    expect(documentOf(outcome)).toMatchObject({ failure: { code } });
  });
});
