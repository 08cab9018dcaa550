import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseConfig } from "../../apps/kms-phala/src/config.ts";
import { startService } from "../../apps/kms-phala/src/service.ts";
import { ASSET, judge, parseReleaseVersion, releaseTag } from "../../packages/release-artifacts/src/index.ts";
import { countRules, expectOk, StoppedLane } from "../release/lane-stop.ts";
import { runSteps } from "../release/lane-steps.ts";
import { laneDirectories, releaseSteps } from "../release/release-lane.ts";
import { editJson } from "./edit-json.ts";
import type { Scene } from "./play.ts";
import { type RehearsalWorld, toolsOf } from "./world.ts";

/**
 * What whoever can run the release workflow can do: release the same tag a second time, with a policy that lets another KMS in,
 * and put it in the place of the first. Every signature is right.
 */
export async function signAgain({ world, run }: Scene): Promise<string> {
  const { reviewed, ...unreviewed } = run;
  const second = { ...unreviewed, work: `${run.work}-again` };
  const candidates = join(run.inputs, "kms-policy-candidates-locked-read-only.json");
  await editJson(candidates, ["policy", "allowed_rtmr2"], ["ee".repeat(48)]);
  const tools = toolsOf(world, second);
  const wanted: ReadonlySet<string> = new Set(["node-release", "collect", "assemble", "sign", "self-verify"]);
  const report = await runSteps(releaseSteps(second, tools).filter(({ id }) => wanted.has(id)));
  if (report.stop !== null) throw new StoppedLane(report.stop);
  const { release } = laneDirectories(second);
  const tag = releaseTag("kms", run.version);
  for (const name of await readdir(release))
    await world.github.replaceAsset(tag, name, await readFile(join(release, name)));
  return `${reviewed === undefined ? "" : "reviewed by nobody, "}signed by the right workflow, in place of ${tag}`;
}

/** What an operator sees of the second release who never saw the first: nothing wrong. */
export async function verifyAgain({ run, tools }: Scene): Promise<string> {
  const node = join(laneDirectories(run).node, ASSET.publishedMrtds);
  const outcome = await tools.meroTee([
    "release",
    "verify",
    "--lane",
    "kms",
    "--version",
    run.version,
    "--node-policy",
    node,
    "--trusted-root",
    run.trustedRoot ?? "",
  ]);
  return `${countRules(expectOk(outcome).document)}: by itself it is a good release`;
}

const PINNED = "locked-read-only";

/** The service starts from an image that pins a profile, and is given the rehearsal's trusted root among its settings. */
export async function startPinned(
  { trustedRootFile, github, fetch }: RehearsalWorld,
  version: string,
): Promise<string> {
  const env = {
    LISTEN_ADDR: "127.0.0.1:0",
    MERO_KMS_VERSION: version,
    MERO_KMS_PROFILE: PINNED,
    MERO_NODE_POLICY_SHA256: "0".repeat(64),
    MERO_TEE_RELEASES_URL: github.releasesUrl,
    SIGSTORE_TRUSTED_ROOT_FILE: trustedRootFile,
  };
  const pinFile = { kind: "present", bytes: new TextEncoder().encode(`${PINNED}\n`) } as const;
  const started = await startService({
    env,
    pinFile,
    clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
    fetch,
    fetchTrusting: () => fetch,
    schedule: () => () => undefined,
    builtAs: version,
  });
  if (started.ok) {
    await started.value.stop();
    return "it starts";
  }
  const config = parseConfig(env, pinFile, version);
  const refused = config.ok ? [] : config.error;
  const forbidden = refused.flatMap((each) => (each.code === "setting-forbidden-by-pin" ? [each.setting] : []));
  const release = parseReleaseVersion(version);
  if (release === null) throw new Error(`${version} is no version`);
  const versions = { policyVersion: release, configuredVersion: release, compiledVersion: release };
  const profiles = { policyProfile: PINNED, imageProfile: PINNED, configuredProfile: PINNED };
  const judged = judge("start", { ...versions, ...profiles, isPinned: true, developmentSettings: forbidden });
  const rules = judged.flatMap(({ id, status }) => (status === "fail" ? [id] : []));
  const { lines, exitCode } = started.error;
  throw new StoppedLane({ code: refused[0]?.code ?? "unexpected", rules, message: lines.join("; "), exitCode });
}
