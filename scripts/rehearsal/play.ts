import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  ASSET,
  isReleaseCandidate,
  parseReleaseVersion,
  type ReleaseLane,
  releaseTag,
  type ReleaseVersion,
} from "../../packages/release-artifacts/src/index.ts";
import { promotePolicies } from "../policy/promote.ts";
import { countRules, expectOk } from "../release/lane-stop.ts";
import type { LaneStep } from "../release/lane-steps.ts";
import { listAt } from "../release/mero-tee.ts";
import { type LaneRun, type LaneTools, releaseSteps } from "../release/release-lane.ts";
import { buildKms, buildNodeImages, type BuildOutputs, buildVerifier } from "./build-outputs.ts";
import { useRelease } from "./deployed.ts";
import { type ComposeChange, probeKmses, probeNodes } from "./probe-machines.ts";
import { type RehearsalWorld, SIGNER_IDS, type SigningChanges, toolsOf } from "./world.ts";

/** What goes wrong in a rehearsed lane, and where. */
export interface Interference {
  readonly version?: string;
  /** The commit that the run believes to be of; certificates name the real one. */
  readonly commit?: string;
  /** The ref that the run is of. */
  readonly ref?: string;
  readonly signing?: SigningChanges;
}

/** A lane that is being played. */
export interface Scene {
  readonly world: RehearsalWorld;
  readonly run: LaneRun;
  readonly tools: LaneTools;
}

const RUNS: Readonly<Record<ReleaseLane, string>> = { node: "7100000001", kms: "7100000002", verifier: "7100000003" };

/** The version that is rehearsed unless a failure needs another. */
const VERSION = "0.1.0";

/** Sets the scene of a lane: its run, its directories, its tools. */
export async function setScene(
  world: RehearsalWorld,
  lane: ReleaseLane,
  interference: Interference = {},
): Promise<Scene> {
  const version = versionOf(interference.version ?? VERSION);
  const stage = join(world.directory, `${lane}-${version}`);
  const run: LaneRun = {
    lane,
    version,
    releaseClass: isReleaseCandidate(version) ? "rc" : "stable",
    repository: "calimero-network/mero-tee",
    ref: interference.ref ?? "refs/heads/master",
    commit: interference.commit ?? world.commit,
    runId: RUNS[lane],
    runAttempt: "1",
    signerIds: SIGNER_IDS,
    inputs: join(stage, "inputs"),
    work: join(stage, "work"),
    catalog: world.catalogFile,
    trustedRoot: world.trustedRootFile,
    ...(lane === "kms" ? { reviewed: join(stage, "reviewed") } : {}),
    ...(lane === "node" ? { endorsementRoot: world.endorsementRootFile } : {}),
  };
  await mkdir(run.inputs, { recursive: true });
  const signing = { ...run, commit: world.commit };
  return { world, run, tools: toolsOf(world, signing, interference.signing) };
}

function versionOf(text: string): ReleaseVersion {
  const version = parseReleaseVersion(text);
  if (version === null) throw new Error(`${text} is no version`);
  return version;
}

/** The steps of a lane from build outputs to what becomes of the release. */
export function playSteps(scene: Scene): readonly LaneStep[] {
  const { run, tools } = scene;
  return [
    ...prepareSteps(scene),
    ...releaseSteps(run, tools),
    ...(run.lane === "kms" ? afterKms(scene) : []),
    { id: "audit", title: "audit as every week", run: async () => await audit(scene) },
  ];
}

/** The steps before a release: builds, probes, and the review of what they saw. */
export function prepareSteps(scene: Scene, compose?: ComposeChange): readonly LaneStep[] {
  const { world, run, tools } = scene;
  const title = "probe machines of each profile";
  const built = { id: "build", title: "build outputs", run: async () => describeOutputs(await build(run)) };
  if (run.lane === "verifier") return [built];
  if (run.lane === "node") return [built, { id: "probe", title, run: async () => await probeNodes(world, run, tools) }];
  return [
    built,
    { id: "probe", title, run: async () => await probeKmses(world, run, tools, compose) },
    { id: "promote", title: "policies for review", run: async () => await promote(scene) },
  ];
}

/** What the probes saw becomes the policies that people review; a release must then say the same. */
async function promote({ world, run, tools }: Scene): Promise<string> {
  const policies = run.reviewed ?? "";
  const nodePolicy = join(world.github.directoryOf(releaseTag("node", run.version)), ASSET.publishedMrtds);
  const { meroTee } = tools;
  const promoted = await promotePolicies({ meroTee, probed: run.inputs, nodePolicy, policies, out: policies });
  return promoted.map(({ profile }) => `kms.${profile}.json`).join(", ");
}

async function build(run: LaneRun): Promise<BuildOutputs> {
  const order = { directory: run.inputs, version: run.version, builtAt: Math.floor(Date.now() / 1000) };
  if (run.lane === "kms") return await buildKms({ ...order, commit: run.commit });
  return run.lane === "node" ? await buildNodeImages(order) : await buildVerifier(order);
}

function describeOutputs({ standIns }: BuildOutputs): string {
  return standIns.length === 0 ? "all real" : `stand-ins: ${standIns.join("; ")}`;
}

function afterKms(scene: Scene): readonly LaneStep[] {
  const { world, run, tools } = scene;
  const isCandidate = isReleaseCandidate(run.version);
  return [
    ...(isCandidate
      ? []
      : [{ id: "catalog", title: "list the pair in the catalog", run: async () => await updateCatalog(scene) }]),
    { id: "pair", title: "verify both releases as an operator", run: async () => await verifyPair(scene) },
    {
      id: "deploy",
      title: "a KMS starts from the release, a node gets its key",
      run: async () => await useRelease(world, run, tools),
    },
  ];
}

/** Both releases of the version by one command, without naming a lane. */
async function verifyPair({ run, tools }: Scene): Promise<string> {
  const args = ["release", "verify", "--version", run.version, "--trusted-root", run.trustedRoot ?? ""];
  return countRules(expectOk(await tools.meroTee(args)).document);
}

/** The arguments that list a release in the catalog. */
export function catalogArguments({ world, run }: Scene): readonly string[] {
  const map = join(world.github.directoryOf(releaseTag("kms", run.version)), ASSET.compatibilityMap);
  return ["compat", "update", "--map", map, "--catalog", world.catalogFile, "--tested", "--repo", run.repository];
}

async function updateCatalog(scene: Scene): Promise<string> {
  const { world, run, tools } = scene;
  expectOk(await tools.meroTee(catalogArguments(scene)));
  expectOk(await tools.meroTee([...catalogArguments(scene), "--check"]));
  const pair = ["--kms", run.version, "--node", run.version, "--catalog", world.catalogFile];
  expectOk(await tools.meroTee(["compat", "check", ...pair]));
  return `${run.version} listed, tested, and belongs together`;
}

/** Audits everything that is published, and remembers what it saw. */
export async function audit({ world, tools }: Scene): Promise<string> {
  const state = join(world.directory, "release-audit.json");
  const outcome = await tools.meroTee(["release", "audit", "--state", state, "--trusted-root", world.trustedRootFile]);
  return `${listAt(expectOk(outcome).document, "releases").length} releases hold, and are what they were`;
}
