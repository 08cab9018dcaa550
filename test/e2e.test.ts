import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROFILES } from "../packages/policy/src/index.ts";
import { ASSET, nodeProbeAssets, policyAsset } from "../packages/release-artifacts/src/index.ts";
import { appIdentity, kmsCandidates, stagedFiles } from "../packages/release-artifacts/test/release-world.ts";
import { meroTee } from "./mero-tee.ts";

type Profile = (typeof PROFILES)[number];

let directory: string;
let count = 0;
const released = new Map<string, Uint8Array>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mero-tee-e2e-"));
  for (const lane of ["node", "kms"] as const) {
    const files = await stagedFiles({ lane });
    await mkdir(join(directory, lane));
    for (const [name, content] of files) {
      released.set(name, content);
      await writeFile(join(directory, lane, name), content);
    }
  }
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

const candidates = (profile: Profile): string => nodeProbeAssets(profile).candidates;

function verification(profile: Profile, isTamperedRejected = true): object {
  return {
    schema_version: 1,
    profile,
    checks: {
      positive: { passed: true },
      wrong_nonce: { rejected: true },
      tampered_quote: { rejected: isTamperedRejected },
      wrong_expected_application_hash: { rejected: true },
    },
  };
}

function asked(kms: Profile, node: Profile, refusedWith: string | null): object {
  const refusal = refusedWith === null ? {} : { kms_error: refusedWith };
  const probe = { ok: refusedWith === null, code: refusedWith === null ? "OK" : "kms-refused", ...refusal };
  return { schema_version: 1, kms_profile: kms, node_profile: node, probe };
}

/** What probes of machines of the release leave, with some of it changed; null takes a file away. */
async function seen(changes: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const path = join(directory, `seen-${(count += 1)}`);
  await mkdir(path);
  const files = new Map<string, unknown>();
  for (const profile of PROFILES) {
    files.set(candidates(profile), released.get(candidates(profile)));
    files.set(`node-client-verification-${profile}.json`, verification(profile));
    files.set(`kms-policy-candidates-${profile}.json`, kmsCandidates(profile));
    files.set(`kms-app-identity-${profile}.json`, appIdentity(profile));
  }
  for (const [name, value] of [...files, ...Object.entries(changes)]) {
    const isGone = name in changes && changes[name] === null;
    if (isGone) await rm(join(path, name), { force: true });
    else await writeFile(join(path, name), value instanceof Uint8Array ? value : JSON.stringify(value));
  }
  return path;
}

async function judged(which: "node" | "kms-node", path: string, ...more: readonly string[]) {
  const release = join(directory, which === "node" ? "node" : "kms");
  const { stdout, exitCode } = await meroTee(["e2e", which, "--in", path, "--release", release, ...more, "--json"]);
  const { rules, failure }: { rules: { id: string; status: string }[]; failure: { code: string } | null } =
    JSON.parse(stdout);
  const of = (status: string): readonly string[] => rules.filter((rule) => rule.status === status).map(({ id }) => id);
  return { exitCode, code: failure?.code ?? null, passed: of("pass"), failed: of("fail"), skipped: of("skip") };
}

describe("mero-tee e2e node", () => {
  test("accepts machines that measure as published, whose forgeries were refused", async () => {
    expect(await judged("node", await seen())).toEqual({
      exitCode: 0,
      code: null,
      passed: ["E-01", "E-03"],
      failed: [],
      skipped: [],
    });
  });

  test.each([
    ["a machine that measures otherwise", { [candidates("debug")]: kmsCandidates("debug") }, "E-01"],
    ["a forgery that passed", { "node-client-verification-debug.json": verification("debug", false) }, "E-03"],
  ])("refuses %s", async (_, changes, rule) => {
    expect(await judged("node", await seen(changes))).toMatchObject({
      exitCode: 10,
      code: "live-test-failed",
      failed: [rule],
    });
  });

  test("does not call tested what was not tried", async () => {
    const path = await seen({ [candidates("debug")]: null });
    expect(await judged("node", path)).toMatchObject({ exitCode: 11, code: "live-test-incomplete", skipped: ["E-01"] });
  });

  test("refuses what it cannot read, or find", async () => {
    const path = await seen({ "node-client-verification-debug.json": { schema_version: 2 } });
    expect((await judged("node", path)).exitCode).toBe(10);
    expect((await judged("node", join(directory, "nowhere"))).code).toBe("file-missing");
  });
});

describe("mero-tee e2e kms-node", () => {
  const rejected = "measurement_policy_rejected";

  test("accepts a release whose profiles stay apart", async () => {
    expect(await judged("kms-node", await seen())).toEqual({
      exitCode: 0,
      code: null,
      passed: ["E-01", "E-02", "E-04"],
      failed: [],
      skipped: ["E-05"],
    });
  });

  test("accepts live answers that say the same for all nine pairs", async () => {
    const pairs = PROFILES.flatMap((kms) =>
      PROFILES.map((node) => [
        `node-kms-probe-result-${kms}-${node}.json`,
        asked(kms, node, kms === node ? null : rejected),
      ]),
    );
    const path = await seen(Object.fromEntries(pairs));
    expect(await judged("kms-node", path, "--live")).toMatchObject({ exitCode: 0, skipped: [] });
  });

  test("asks for live answers where they are demanded", async () => {
    const outcome = await judged("kms-node", await seen(), "--live");
    expect(outcome).toMatchObject({ exitCode: 11, code: "live-test-incomplete", skipped: ["E-05"] });
  });

  test.each([
    [
      "a KMS that measures otherwise",
      { "kms-policy-candidates-debug.json": { ...kmsCandidates("debug"), ...otherMrtd() } },
      ["E-01"],
    ],
    [
      "a KMS that runs another composition",
      { "kms-app-identity-debug.json": { ...appIdentity("debug"), compose_hash: "ab".repeat(32) } },
      ["E-04"],
    ],
    [
      "a live KMS that gives a debug node a key",
      { "node-kms-probe-result-locked-read-only-debug.json": asked("locked-read-only", "debug", null) },
      ["E-02", "E-05"],
    ],
    [
      "a live KMS that refuses for another reason",
      { "node-kms-probe-result-locked-read-only-debug.json": asked("locked-read-only", "debug", "invalid_signature") },
      ["E-05"],
    ],
  ])("refuses %s", async (_, changes, failed) => {
    expect(await judged("kms-node", await seen(changes))).toMatchObject({
      exitCode: 10,
      code: "live-test-failed",
      failed,
    });
  });

  test("refuses a node that passes for another profile, and one that was not tried", async () => {
    const disguised = await seen({ [candidates("debug")]: released.get(candidates("locked-read-only")) });
    expect((await judged("kms-node", disguised)).failed).toEqual(["E-02"]);
    const untried = await seen({ [candidates("debug")]: null });
    expect((await judged("kms-node", untried)).failed).toEqual(["E-02"]);
  });

  test("needs the whole release", async () => {
    const path = join(directory, "half");
    await mkdir(path);
    await writeFile(join(path, ASSET.compatibilityMap), released.get(ASSET.compatibilityMap) ?? "");
    await writeFile(join(path, policyAsset("debug")), released.get(policyAsset("debug")) ?? "");
    const args = ["e2e", "kms-node", "--in", await seen(), "--release", path, "--json"];
    expect((await meroTee(args)).exitCode).toBe(10);
  });
});

function otherMrtd(): object {
  const { policy } = kmsCandidates("debug");
  return { policy: { ...policy, allowed_mrtd: ["ab".repeat(48)] } };
}
