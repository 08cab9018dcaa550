import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GITHUB_ACTIONS_ISSUER, laneIdentity, type ReleaseLane } from "../packages/release-artifacts/src/index.ts";
import { jsonWith } from "../packages/release-artifacts/test/release-vectors.ts";
import {
  documentFrom,
  type Edit,
  measured,
  publishedText,
  stagedFiles,
} from "../packages/release-artifacts/test/release-world.ts";
import {
  createSimulatedFirmwareEndorser,
  type SimulatedFirmwareEndorser,
} from "../packages/tee-simulator/src/firmware-endorser/index.ts";
import { createSimulatedSigstore } from "../packages/tee-simulator/src/sigstore/index.ts";
import { meroTee } from "./mero-tee.ts";

const NOW = Math.floor(Date.now() / 1000);
const sigstore = createSimulatedSigstore({ now: NOW, seed: "knowledge" });

let directory: string;
let count = 0;
let google: SimulatedFirmwareEndorser;
let somebody: SimulatedFirmwareEndorser;

beforeAll(async () => {
  google = await createSimulatedFirmwareEndorser(NOW);
  somebody = await createSimulatedFirmwareEndorser(NOW);
  directory = await mkdtemp(join(tmpdir(), "mero-tee-knowledge-"));
  await writeFile(join(directory, "trusted_root.json"), sigstore.trustedRoot);
  // RSA keys, on a shared machine.
}, 60_000);

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

/** A directory with these files. */
async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(directory, String((count += 1)));
  await mkdir(path);
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

/** Judges a staged release with what is given beside it; the rules that fail. */
async function judged(lane: ReleaseLane, more: readonly string[], edit: Readonly<Record<string, Edit>> = {}) {
  const path = join(directory, String((count += 1)));
  await mkdir(path);
  for (const [name, content] of await stagedFiles({ lane, edit })) await writeFile(join(path, name), content);
  const trust = ["--trusted-root", join(directory, "trusted_root.json")];
  const outcome = await meroTee(["release", "verify", path, "--lane", lane, "--staged", ...trust, ...more, "--json"]);
  const found = [
    ...outcome.stdout.matchAll(/"id": "(?<id>[^"]+)",\s*"status": "(?<status>\w+)",\s*"message": "(?<message>[^"]*)"/g),
  ];
  const rules = found.map(({ groups = {} }) => ({
    id: groups["id"] ?? "",
    status: groups["status"] ?? "",
    message: groups["message"] ?? "",
  }));
  const code = /"code": "(?<code>[^"]+)"/.exec(outcome.stdout)?.groups?.["code"] ?? null;
  return {
    code,
    exitCode: outcome.exitCode,
    failed: rules.filter(({ status }) => status === "fail").map(({ id }) => id),
    passed: rules.filter(({ status }) => status === "pass").map(({ id }) => id),
    messages: new Map(rules.map(({ id, message }) => [id, message])),
  };
}

function outdated(text: string): string {
  return jsonWith(text, "profiles/locked-read-only/allowed_tcb_statuses", ["UpToDate", "OutOfDate"]);
}

function waiver(change: object = {}): string {
  return JSON.stringify({
    schema_version: 1,
    waivers: [{ status: "OutOfDate", advisory: "INTEL-SA-01234", expires_at: "2099-01-01T00:00:00Z", ...change }],
  });
}

/** The file of exceptions, signed by the node lane or by somebody else. */
async function given(text: string, signed = text, identity?: string): Promise<readonly string[]> {
  const lane = laneIdentity("node", "calimero-network/mero-tee");
  const who = identity ?? ("exact" in lane ? lane.exact : "");
  const bundle = sigstore.sign(Buffer.from(signed), { identity: who, issuer: GITHUB_ACTIONS_ISSUER }).bundle;
  const path = await folder({ "waivers.json": text, "waivers.json.sigstore.json": bundle });
  return ["--waivers", join(path, "waivers.json")];
}

async function policies(change: Edit = String): Promise<string> {
  const files = await stagedFiles({ lane: "kms" });
  const text = (profile: string): string =>
    new TextDecoder().decode(files.get(`kms-phala-attestation-policy.${profile}.json`));
  const names = ["debug", "debug-read-only", "locked-read-only"];
  return await folder(Object.fromEntries(names.map((profile) => [`kms.${profile}.json`, change(text(profile))])));
}

describe("exceptions for TCB statuses", () => {
  const edit = { "published-mrtds.json": outdated };

  test("are needed for any other status than UpToDate", async () => {
    expect(await judged("node", [], edit)).toMatchObject({ exitCode: 10, failed: ["M-08"] });
  });

  test("count when the lane signed them", async () => {
    expect(await judged("node", await given(waiver()), edit)).toMatchObject({ exitCode: 0, failed: [] });
  });

  test.each([
    ["that have ended", waiver({ expires_at: "2026-01-01T00:00:00Z" })],
    ["for another status", waiver({ status: "SWHardeningNeeded" })],
    ["without an advisory", waiver({ advisory: "" })],
  ])("%s do not count", async (_, text) => {
    expect(await judged("node", await given(text), edit)).toMatchObject({ exitCode: 10, failed: ["M-08"] });
  });

  test("that were changed after they were signed, or signed by somebody else, are refused", async () => {
    const changed = await given(waiver(), waiver({ status: "Revoked" }));
    expect(await judged("node", changed, edit)).toMatchObject({ exitCode: 10, code: "waivers-unsigned" });
    const foreign = await given(
      waiver(),
      waiver(),
      "https://github.com/o/n/.github/workflows/x.yaml@refs/heads/master",
    );
    expect(await judged("node", foreign, edit)).toMatchObject({ exitCode: 10, code: "waivers-unsigned" });
    const path = await folder({ "waivers.json": waiver() });
    const unsigned = ["--waivers", join(path, "waivers.json")];
    expect(await judged("node", unsigned, edit)).toMatchObject({ exitCode: 11, code: "file-missing" });
  });
});

describe("what was computed and what Google endorses", () => {
  const mrtd = measured("google firmware");

  const machine = { ramGib: 16, mrtd };
  test.each([
    ["an endorsement that holds", async () => await google.endorse([machine]), mrtd, []],
    [
      "an endorsement of a larger machine",
      async () => await google.endorse([{ ...machine, ramGib: 32 }]),
      mrtd,
      ["M-10"],
    ],
    ["an endorsement by somebody else", async () => await somebody.endorse([machine]), mrtd, ["M-10"]],
    ["an endorsement of another firmware", async () => await google.endorse([machine]), "ab".repeat(48), ["M-10"]],
  ])("%s", async (_, make, name, failed) => {
    const path = await folder({ "root.pem": google.rootPem });
    await writeFile(join(path, `${name}.binarypb`), await make());
    const outcome = await judged("node", ["--endorsements", path, "--endorsement-root", join(path, "root.pem")]);
    expect(outcome.failed).toEqual(failed);
    expect(outcome.passed.includes("M-10")).toBe(failed.length === 0);
  });

  test("endorsements are judged by a root, or not at all", async () => {
    expect(await judged("node", ["--endorsements", directory])).toMatchObject({ exitCode: 2, code: "usage-invalid" });
    const path = await folder({ "root.pem": "-----BEGIN NOTHING-----" });
    const outcome = await judged("node", ["--endorsements", path, "--endorsement-root", join(path, "root.pem")]);
    expect(outcome).toMatchObject({ exitCode: 10, code: "root-ca-malformed", passed: [] });
  });

  test("predictions are compared with what the probes saw", async () => {
    const { profiles } = documentFrom("publishedMrtds", publishedText());
    const described = (change: object = {}): Readonly<Record<string, string>> =>
      Object.fromEntries(
        Object.entries(profiles).map(
          ([
            profile,
            {
              allowed_rtmr3: [rtmr3],
            },
          ]) => [`image-${profile}.json`, JSON.stringify({ predicted: { rtmr3, ...change } })],
        ),
      );
    const right = await judged("node", ["--predictions", await folder(described())]);
    expect([right.failed, right.passed.includes("M-11")]).toEqual([[], true]);
    const wrong = await judged("node", ["--predictions", await folder(described({ rtmr3: "ab".repeat(48) }))]);
    expect(wrong.failed).toEqual(["M-11"]);
  });

  test.each(["rtmr1", "rtmr2"])(
    "a wrong prediction of %s is a warning, for no hardware has confirmed one",
    async (name) => {
      const described = (profile: string): string =>
        JSON.stringify({
          predicted: profile === "debug" ? { [name]: "ab".repeat(48) } : { rtmr0: measured("c3-standard-4") },
        });
      const names = ["debug", "debug-read-only", "locked-read-only"];
      const path = await folder(Object.fromEntries(names.map((each) => [`image-${each}.json`, described(each)])));
      const { failed, passed, messages } = await judged("node", ["--predictions", path]);
      expect({ failed, isPassed: passed.includes("M-11") }).toEqual({ failed: [], isPassed: true });
      expect(messages.get("M-11")).toMatch(
        new RegExp(`^warning: profiles.debug: ${name} was predicted as (?:ab){48}, and seen as [0-9a-f]{96}$`),
      );
    },
  );
});

describe("what a KMS release is held to", () => {
  test("its reviewed policies", async () => {
    const same = await judged("kms", ["--reviewed", await policies()]);
    expect([same.failed, same.passed.includes("P-04")]).toEqual([[], true]);
    const other = await policies((text) => jsonWith(text, "policy/kms_allowed_mrtd/0", "ab".repeat(48)));
    expect((await judged("kms", ["--reviewed", other])).failed).toEqual(["P-04"]);
  });

  test("the node release that it was made for", async () => {
    const path = await folder({ "published-mrtds.json": publishedText(), "other.json": `${publishedText()}\n` });
    expect((await judged("kms", ["--node-policy", join(path, "published-mrtds.json")])).failed).toEqual([]);
    expect((await judged("kms", ["--node-policy", join(path, "other.json")])).failed).toEqual(["CK-07", "X-08"]);
  });

  test("the compose hash that its probes proved", async () => {
    const identity = {
      schema_version: 1,
      compose_hash: "ab".repeat(32),
      app_id: "cd".repeat(20),
      profile: "debug",
      quote_verified: true,
      event_log_verified: true,
      os_image_hash_verified: true,
    };
    const path = await folder({ "kms-app-identity-debug.json": JSON.stringify(identity) });
    expect((await judged("kms", ["--identities", path])).failed).toEqual(["X-07"]);
  });

  test("both ids of its signer, or none", async () => {
    expect(await judged("kms", ["--repository-id", "1"])).toMatchObject({ exitCode: 2, code: "usage-invalid" });
    expect(await judged("kms", ["--repository-id", "0x1", "--owner-id", "2"])).toMatchObject({ exitCode: 2 });
  });

  test.each([
    ["--reviewed", "a directory that is not there", 11],
    ["--catalog", "a catalog that is not there", 11],
  ])("%s with %s judges nothing", async (flag, _, exitCode) => {
    const outcome = await judged("kms", [flag, join(directory, "nowhere")]);
    expect(outcome).toMatchObject({ exitCode, failed: [], passed: [] });
  });
});
