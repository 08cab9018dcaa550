import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  assembleRekorIndex,
  createSignatureVerifier,
  laneIdentity,
  parseReleaseVersion,
  readSidecarForms,
  type ReleaseLane,
  type SidecarSuffix,
} from "../packages/release-artifacts/src/index.ts";
import { parseTrustedRoot } from "../packages/release-artifacts/src/sigstore/index.ts";
import { sha256, stagedFiles } from "../packages/release-artifacts/test/release-world.ts";
import {
  createSimulatedSigstore,
  SIGSTORE_DEFECTS,
  type SignOptions,
} from "../packages/tee-simulator/src/sigstore/index.ts";
import { meroTee } from "./mero-tee.ts";

const LIMIT_MS = 120_000;
const REPOSITORY = "calimero-network/mero-tee";
const ISSUER = "https://token.actions.githubusercontent.com";
const RUNS = { kms: "7100000002", node: "7100000001", verifier: "7100000003" } as const;
const sigstore = createSimulatedSigstore({ now: 1_768_472_400, seed: "releases" });

let directory: string;
let trustedRoot: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-signatures-"));
  trustedRoot = join(directory, "trusted_root.json");
  await writeFile(trustedRoot, sigstore.trustedRoot);
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

function identityOf(lane: ReleaseLane): string {
  const identity = laneIdentity(lane, REPOSITORY);
  return "exact" in identity ? identity.exact : identity.pattern;
}

/** The lane's run signs a file; `change` makes it another's. */
function sign(
  lane: ReleaseLane,
  content: Uint8Array,
  change: Partial<SignOptions> = {},
): Map<SidecarSuffix, Uint8Array<ArrayBuffer>> {
  const extensions = {
    sourceRepositoryDigest: "aed4e223e6c3b94322280fef57aa739cd233ca2d",
    buildTrigger: "push",
    runnerEnvironment: "github-hosted",
    sourceRepositoryIdentifier: "1",
    sourceRepositoryOwnerIdentifier: "2",
    runInvocationUri: `https://github.com/${REPOSITORY}/actions/runs/${RUNS[lane]}/attempts/1`,
  };
  const files = sigstore.sign(content, { identity: identityOf(lane), issuer: ISSUER, extensions, ...change });
  const texts: readonly (readonly [SidecarSuffix, string | null])[] = [
    [".sigstore.json", files.bundle],
    [".bundle.json", files.cosignBundle],
    [".sig", files.signature],
    [".pem", files.certificate],
  ];
  return new Map(
    texts.flatMap(([suffix, text]) => (text === null ? [] : [[suffix, new TextEncoder().encode(text)] as const])),
  );
}

/** Writes a complete, signed release. */
async function release(
  lane: ReleaseLane,
  name: string,
  changes: Readonly<Record<string, Partial<SignOptions>>> = {},
): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  const files = await stagedFiles({ lane });
  const version = parseReleaseVersion("2.4.0");
  if (version === null) throw new Error("2.4.0");
  const put = async (file: string, content: Uint8Array) => {
    const sidecars = sign(lane, content, changes[file]);
    await writeFile(join(path, file), content);
    for (const [suffix, sidecar] of sidecars) await writeFile(join(path, file + suffix), sidecar);
    return { name: file, sha256: sha256(content), forms: readSidecarForms(sidecars) };
  };
  const signed = [];
  for (const [file, content] of files) signed.push(await put(file, content));
  const origin = { version, runId: RUNS[lane], runAttempt: "1", generatedAt: "2026-01-15T10:20:00Z" };
  const index = assembleRekorIndex(lane, origin, signed);
  if (!index.ok) throw new Error(JSON.stringify(index.error));
  const names = { kms: "kms-phala", node: "node-image-gcp", verifier: "mero-verifier" } as const;
  await put(`${names[lane]}-rekor-index.json`, new TextEncoder().encode(index.value.text));
  return path;
}

/** Judges a directory, and names the rules that fail. */
async function judged(path: string, lane: ReleaseLane, ...more: readonly string[]) {
  const outcome = await meroTee([
    "release",
    "verify",
    path,
    "--lane",
    lane,
    "--trusted-root",
    trustedRoot,
    "--json",
    ...more,
  ]);
  const failed = [...outcome.stdout.matchAll(/"id": "(?<id>[^"]+)",\s*"status": "fail"/g)].map(
    ({ groups }) => groups?.["id"],
  );
  return { ...outcome, failed };
}

describe("a signed release", () => {
  test.each(["kms", "node", "verifier"] as const)(
    "of lane %s holds",
    async (lane) => {
      const path = await release(lane, lane);
      const outcome = await judged(path, lane);
      expect(outcome.failed).toEqual([]);
      expect(outcome.exitCode).toBe(0);
      expect(outcome.stdout).toContain('"logIndex": "1000021"');
      expect((await judged(path, lane, "--quick")).exitCode).toBe(0);
      expect((await meroTee(["release", "verify", path, "--lane", lane])).exitCode).toBe(10);
    },
    LIMIT_MS,
  );

  test(
    "that another workflow signed is refused, unless that one is asked for",
    async () => {
      const identity = `https://github.com/${REPOSITORY}/.github/workflows/release-kms-phala.yaml@refs/heads/feature`;
      const path = await release("kms", "feature", { "kms-phala-compatibility-map.json": { identity } });
      const outcome = await judged(path, "kms");
      expect(outcome.failed).toEqual(["C-01"]);
      expect(outcome.stdout).toContain("signer-identity-mismatch");
      const asked = await judged(path, "kms", "--identity-regex", "https://github\\.com/calimero-network/mero-tee/.*");
      expect(asked).toMatchObject({ exitCode: 0, failed: [] });
      expect(asked.stdout).toContain('"identityRegex":');
    },
    LIMIT_MS,
  );

  test(
    "that a run signed which was started by hand is refused",
    async () => {
      const extensions = { buildTrigger: "workflow_dispatch", runnerEnvironment: "self-hosted" };
      const outcome = await judged(
        await release("node", "by-hand", { "published-mrtds.json": { extensions } }),
        "node",
      );
      expect(outcome.failed).toEqual(["X-11", "C-04"]);
    },
    LIMIT_MS,
  );

  test(
    "of which one byte was changed is refused, and so is a swapped signature",
    async () => {
      const path = await release("node", "changed");
      await writeFile(join(path, "conformance-debug.json"), '{"schema_version":1,"profile":"debug","checks":[] }');
      expect((await judged(path, "node")).failed).toEqual(["CK-02", "C-01", "C-06"]);
    },
    LIMIT_MS,
  );
});

describe("what proves a signature", () => {
  const content = new TextEncoder().encode("{}");

  test.each(SIGSTORE_DEFECTS.map(({ id, start }) => ({ id, start })))("$id does not pass", async ({ id, start }) => {
    const root = parseTrustedRoot(sigstore.trustedRoot);
    if (!root.ok) throw new Error(root.error.code);
    const signer = { identity: laneIdentity("kms", REPOSITORY), issuer: ISSUER, trustedRoot: root.value };
    const verify = createSignatureVerifier(signer);
    const ask = async (sidecars: ReturnType<typeof sign>) =>
      await verify("x.json", async () => await Promise.resolve(content), sidecars);
    expect(await ask(sign("kms", content))).toMatchObject({ ok: true });
    expect(await ask(sign("kms", content, { ...start, defect: id }))).toMatchObject({ ok: false });
  });

  test("an attestation about a file is no signature over it", async () => {
    const root = parseTrustedRoot(sigstore.trustedRoot);
    if (!root.ok) throw new Error(root.error.code);
    const verify = createSignatureVerifier({
      identity: laneIdentity("kms", REPOSITORY),
      issuer: ISSUER,
      trustedRoot: root.value,
    });
    const sidecars = sign("kms", content, { content: "dsse" });
    const result = await verify("x.json", async () => await Promise.resolve(content), sidecars);
    expect(result).toMatchObject({ ok: false, error: { aspect: "signature" } });
    expect(await verify("x.json", async () => await Promise.resolve(content), new Map())).toMatchObject({
      ok: false,
      error: { code: "log-entry-missing" },
    });
  });
});
