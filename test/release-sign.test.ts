import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKeylessSigner } from "../packages/cli/src/keyless-signer-client.ts";
import { laneIdentity } from "../packages/release-artifacts/src/index.ts";
import { stagedFiles } from "../packages/release-artifacts/test/release-world.ts";
import { type MockServices, startMockServices } from "../packages/tee-simulator/test/sigstore-mock-services.ts";
import { createOracle } from "../packages/tee-simulator/test/sigstore-oracle.ts";
import { meroTee } from "./mero-tee.ts";

const LIMIT_MS = 120_000;
const REPOSITORY = "calimero-network/mero-tee";
const BEARER = "bearer of the run";

let directory: string;
let services: MockServices;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-sign-"));
  services = await startMockServices(BEARER);
  const identity = laneIdentity("verifier", REPOSITORY);
  Object.assign(services.claims, {
    sub: "exact" in identity ? identity.exact : "",
    iss: "https://token.actions.githubusercontent.com",
    event_name: "push",
    sha: "aed4e223e6c3b94322280fef57aa739cd233ca2d",
    repository: REPOSITORY,
    runner_environment: "github-hosted",
    repository_id: "1",
    repository_owner_id: "2",
    run_id: "7100000003",
    run_attempt: "1",
  });
  await writeFile(join(directory, "trusted_root.json"), services.trustedRoot);
});

afterAll(async () => {
  await services.close();
  await rm(directory, { recursive: true, force: true });
});

/** An assembled release of the verifier. */
async function staged(name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  for (const [file, content] of await stagedFiles({ lane: "verifier" })) await writeFile(join(path, file), content);
  return path;
}

async function sign(path: string, environment: Readonly<Record<string, string>>, ...more: readonly string[]) {
  const at = { fulcio: services.url, rekor: services.url };
  const signFile = createKeylessSigner(environment, globalThis.fetch, at);
  return await meroTee(["release", "sign", path, "--lane", "verifier", "--json", ...more], {}, { signFile });
}

function runEnvironment(): Readonly<Record<string, string>> {
  return { ACTIONS_ID_TOKEN_REQUEST_URL: `${services.url}/token?x=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: BEARER };
}

async function verify(path: string, repositoryId = "1") {
  const ids = ["--repository-id", repositoryId, "--owner-id", "2"];
  const trust = ["--trusted-root", join(directory, "trusted_root.json"), ...ids];
  const outcome = await meroTee(["release", "verify", path, "--lane", "verifier", ...trust, "--json"]);
  const failed = [...outcome.stdout.matchAll(/"id": "(?<id>[^"]+)",\s*"status": "fail"/g)];
  return { exitCode: outcome.exitCode, failed: failed.map(({ groups }) => groups?.["id"]) };
}

describe("release sign", () => {
  test(
    "signs every file as the run, in all forms, and what it signed verifies here and elsewhere",
    async () => {
      const path = await staged("signed");
      const assets = await readdir(path);
      const outcome = await sign(path, runEnvironment());
      expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
      const files = await readdir(path);
      expect(files).toHaveLength((assets.length + 1) * 5);
      // Fulcio, Rekor and the provider are asked once for each file: no key signs twice.
      expect(services.asked).toHaveLength((assets.length + 1) * 3);
      expect(await verify(path)).toEqual({ exitCode: 0, failed: [] });
      expect(await verify(path, "9")).toEqual({ exitCode: 10, failed: ["C-04"] });

      const oracle = createOracle(services.trustedRoot);
      const bundle = await readFile(join(path, "mero-verifier-checksums.txt.sigstore.json"), "utf8");
      const content = await readFile(join(path, "mero-verifier-checksums.txt"));
      expect(oracle(bundle, content, services.claims["sub"] ?? "", services.claims["iss"] ?? "")).toBeNull();
    },
    LIMIT_MS,
  );

  test(
    "begins from the assets when it signs again, and leaves no other file",
    async () => {
      const path = await staged("again");
      expect((await sign(path, runEnvironment())).exitCode).toBe(0);
      const first = await readFile(join(path, "verifier-offline.html.sig"), "utf8");
      expect((await sign(path, runEnvironment())).exitCode).toBe(0);
      expect(await readFile(join(path, "verifier-offline.html.sig"), "utf8")).not.toBe(first);
      expect((await verify(path)).failed).toEqual([]);
      expect((await readdir(directory)).filter((name) => name.startsWith("."))).toEqual([]);
    },
    LIMIT_MS,
  );

  test("lists under --dry-run what it would sign, and has nobody to sign as outside of a run", async () => {
    const path = await staged("nobody");
    const before = await readdir(path);
    const dry = await sign(path, {}, "--dry-run");
    expect(dry.exitCode).toBe(0);
    expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, version: "2.4.0", failure: null });
    const outcome = await sign(path, {});
    expect(outcome.exitCode).toBe(1);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ signed: [], failure: { code: "signing-identity-missing" } });
    expect(await readdir(path)).toEqual(before);
  });

  test("does not sign what does not hold", async () => {
    const path = await staged("odd");
    await writeFile(join(path, "verifier-offline.html"), "<!doctype html><script>");
    const asked = services.asked.length;
    const outcome = await sign(path, runEnvironment());
    expect(outcome.exitCode).toBe(10);
    expect(JSON.parse(outcome.stdout)).toMatchObject({
      failure: { code: "release-refused", message: expect.stringContaining("CK-02") },
    });
    expect(services.asked).toHaveLength(asked);
  });

  test.each([
    ["the provider", "/token", 403],
    ["Fulcio", "/api/v2/signingCert", 500],
    ["Rekor", "/api/v1/log/entries", 409],
  ])("writes nothing when %s refuses", async (who, path, status) => {
    const other = await startMockServices(BEARER);
    try {
      other.fail(path, status);
      Object.assign(other.claims, services.claims);
      const release = await staged(`without-${status}`);
      const before = await readdir(release);
      const environment = {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${other.url}/token?x=1`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: BEARER,
      };
      const signFile = createKeylessSigner(environment, globalThis.fetch, { fulcio: other.url, rekor: other.url });
      const args = ["release", "sign", release, "--lane", "verifier", "--json"];
      const outcome = await meroTee(args, {}, { signFile });
      expect(outcome.exitCode).toBe(1);
      const message = expect.stringMatching(new RegExp(`status ${status}`));
      expect(JSON.parse(outcome.stdout)).toMatchObject({ failure: { code: "signing-failed", message } });
      expect(who).not.toBe("");
      expect(await readdir(release)).toEqual(before);
    } finally {
      await other.close();
    }
  });
});
