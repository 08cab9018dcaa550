import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { PROFILES } from "../../packages/policy/src/index.ts";
import {
  isReleaseCandidate,
  type ReleaseClass,
  type ReleaseLane,
  releaseTag,
  type ReleaseVersion,
} from "../../packages/release-artifacts/src/index.ts";
import { expectReviewed } from "./composition.ts";
import { expectRules } from "./expect-rules.ts";
import { countRules, expectOk, failedRules, stopLane } from "./lane-stop.ts";
import type { LaneStep } from "./lane-steps.ts";
import { listAt, type MeroTee, textAt } from "./mero-tee.ts";
import { publishRelease } from "./publish.ts";
import type { ReleaseHost } from "./release-host.ts";
import { writeUmbrella } from "./umbrella.ts";

/** One run of a release lane. */
export interface LaneRun {
  readonly lane: ReleaseLane;
  readonly version: ReleaseVersion;
  readonly releaseClass: ReleaseClass;
  /** Of a hotfix: the version that it patches, and why. */
  readonly hotfix?: { readonly baseTag: string; readonly incident: string };
  /** `OWNER/NAME` */
  readonly repository: string;
  /** The ref that the run is of; releases come from `refs/heads/master` alone. */
  readonly ref: string;
  readonly commit: string;
  readonly runId: string;
  readonly runAttempt: string;
  /** Numeric ids of repository and owner, as GitHub gives them to a run. */
  readonly signerIds?: { readonly repositoryId: string; readonly ownerId: string };
  /** What builds and probes left. */
  readonly inputs: string;
  /** Directory of the run's own; it must not exist. */
  readonly work: string;
  /** Reviewed policies `kms.PROFILE.json`; a release without them is not compared with any. */
  readonly reviewed?: string;
  readonly catalog?: string;
  /** Signed exceptions for TCB statuses. */
  readonly waivers?: string;
  /** Google's root for launch endorsements; without it firmware is not compared with any. */
  readonly endorsementRoot?: string;
  /** Replaces Sigstore's public instance, for rehearsals. */
  readonly trustedRoot?: string;
}

/** What a lane works with. */
export interface LaneTools {
  readonly meroTee: MeroTee;
  readonly host: ReleaseHost;
}

/** The directories below {@link LaneRun.work}. */
export function laneDirectories({ work }: Pick<LaneRun, "work">) {
  return {
    node: join(work, "node-release"),
    inputs: join(work, "inputs"),
    release: join(work, "release"),
    notes: join(work, "notes.md"),
  };
}

/**
 * The steps from what builds and probes left to a published release that was verified as an operator would. They run the
 * `mero-tee` command itself: what a lane believes is what an operator can check.
 *
 * Source: docs/releases.md.
 */
export function releaseSteps(run: LaneRun, tools: LaneTools): readonly LaneStep[] {
  const { lane } = run;
  const steps: LaneStep[] = [
    { id: "gate", title: "may this run release this version", run: async () => await gate(run, tools) },
  ];
  if (lane === "kms") {
    const title = "the node release of the same version holds";
    steps.push({ id: "node-release", title, run: async () => await takeNodeRelease(run, tools) });
  }
  steps.push({ id: "collect", title: "what builds and probes left", run: async () => await collect(run) });
  if (lane === "kms") {
    const title = "probes ran this commit and this composition";
    steps.push({ id: "compositions", title, run: async () => await judgeCompositions(run, tools) });
  }
  return [
    ...steps,
    { id: "assemble", title: "documents, checksums, notes", run: async () => await assemble(run, tools) },
    { id: "judge", title: "every rule that needs no signature", run: async () => await judgeStaged(run, tools) },
    { id: "sign", title: "one signing for each file", changesWorld: true, run: async () => await sign(run, tools) },
    {
      id: "self-verify",
      title: "every rule, with signatures",
      changesWorld: true,
      run: async () => await selfVerify(run, tools),
    },
    {
      id: "publish",
      title: "draft, upload, compare, publish",
      changesWorld: true,
      run: async () => await publish(run, tools),
    },
    {
      id: "smoke",
      title: "download and verify as an operator",
      changesWorld: true,
      run: async () => await smoke(run, tools),
    },
    ...(lane === "verifier"
      ? []
      : [
          {
            id: "umbrella",
            title: "links of both lanes",
            changesWorld: true,
            run: async () => await writeUmbrella(run, tools.host),
          },
        ]),
  ];
}

async function gate({ lane, version, releaseClass, ref, hotfix }: LaneRun, { host }: LaneTools): Promise<string> {
  expectRules({ publishRef: ref }, ["G-04"]);
  if (releaseClass === "hotfix" && hotfix === undefined)
    stopLane("release-gate-closed", "A hotfix names the release that it patches, and why.");
  const tag = releaseTag(lane, version);
  if ((await host.find(tag)) !== null) stopLane("release-exists", `${tag} is published already.`);
  return `${tag}, ${releaseClass}`;
}

/** A KMS release is made for one node release, so that one comes first, and holds by every rule. */
async function takeNodeRelease(run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const { node } = laneDirectories(run);
  const repo = ["--repo", run.repository];
  const fetched = await meroTee(["release", "download", run.version, "--lane", "node", "--out", node, ...repo]);
  if (textAt(fetched.document, "failure", "code") === "release-not-found")
    stopLane("NODE_RELEASE_MISSING", `There is no node release ${run.version}; the KMS lane waits for it.`);
  expectOk(fetched);
  const verdict = await meroTee([
    "release",
    "verify",
    node,
    "--lane",
    "node",
    "--version",
    run.version,
    ...trustOf(run),
  ]);
  if (verdict.exitCode !== 0) {
    stopLane("NODE_RELEASE_FAILED", textAt(verdict.document, "failure", "message"), failedRules(verdict.document));
  }
  return `mero-tee-v${run.version}: ${countRules(verdict.document)}`;
}

async function collect(run: LaneRun): Promise<string> {
  const { inputs, node } = laneDirectories(run);
  await mkdir(run.work, { recursive: true });
  await cp(run.inputs, inputs, { recursive: true, errorOnExist: true, force: false });
  if (run.lane === "kms") await cp(join(node, PUBLISHED), join(inputs, PUBLISHED));
  return `${(await readdir(inputs)).length} files`;
}

const PUBLISHED = "published-mrtds.json";

async function judgeCompositions(run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const { inputs } = laneDirectories(run);
  const published = createHash("sha256")
    .update(await readFile(join(inputs, PUBLISHED)))
    .digest("hex");
  const hashes: string[] = [];
  for (const profile of PROFILES) {
    const probe: unknown = JSON.parse(await readFile(join(inputs, `probe-run-${profile}.json`), "utf8"));
    expectRules({ probe: { headSha: textAt(probe, "head_sha"), releaseCommit: run.commit } }, ["G-09"]);
    const file = join(inputs, `app-compose-${profile}.json`);
    const { deployment, composeHash } = await expectReviewed(await readFile(file), run.version, profile);
    // The composition says which nodes get keys: those of this node release, and of no other.
    if (deployment.nodePolicySha256 !== published)
      stopLane("rules-broken", `${profile}: the composition pins another node release than ${run.version}.`, ["X-08"]);
    const identity: unknown = JSON.parse(await readFile(join(inputs, `kms-app-identity-${profile}.json`), "utf8"));
    expectOk(await meroTee(["compose-hash", file, "--expected", textAt(identity, "compose_hash")]));
    hashes.push(composeHash.slice(0, 12));
  }
  return `compose hashes ${hashes.join(", ")}`;
}

async function assemble(run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const { inputs, release, notes } = laneDirectories(run);
  const { hotfix } = run;
  const outcome = await meroTee([
    "release",
    "assemble",
    "--lane",
    run.lane,
    "--version",
    run.version,
    "--in",
    inputs,
    "--out",
    release,
    "--notes",
    notes,
    "--commit",
    run.commit,
    "--run-id",
    run.runId,
    "--run-attempt",
    run.runAttempt,
    "--class",
    run.releaseClass,
    "--repo",
    run.repository,
    ...(hotfix === undefined ? [] : ["--base-tag", hotfix.baseTag, "--incident", hotfix.incident]),
  ]);
  expectOk(outcome);
  return `${listAt(outcome.document, "files").length} files`;
}

/** Whose signatures count. */
function trustOf({ trustedRoot, repository, signerIds }: LaneRun): readonly string[] {
  return [
    "--repo",
    repository,
    ...(trustedRoot === undefined ? [] : ["--trusted-root", trustedRoot]),
    ...(signerIds === undefined ? [] : ["--repository-id", signerIds.repositoryId, "--owner-id", signerIds.ownerId]),
  ];
}

/** What this run knows beside the release. */
function knowledgeOf(run: LaneRun): readonly string[] {
  const { inputs, node } = laneDirectories(run);
  const { endorsementRoot } = run;
  return [
    ...(run.lane === "kms" ? ["--node-policy", join(node, PUBLISHED), "--identities", inputs] : []),
    ...(run.lane === "node" ? ["--predictions", inputs] : []),
    ...(run.lane === "node" && endorsementRoot !== undefined
      ? ["--endorsements", inputs, "--endorsement-root", endorsementRoot]
      : []),
    ...(run.lane === "kms" && run.reviewed !== undefined ? ["--reviewed", run.reviewed] : []),
    ...(run.lane === "verifier" || run.catalog === undefined ? [] : ["--catalog", run.catalog]),
    ...(run.lane === "verifier" || run.waivers === undefined ? [] : ["--waivers", run.waivers]),
  ];
}

async function judgeStaged(run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const { release } = laneDirectories(run);
  const which = ["--lane", run.lane, "--version", run.version, "--staged"];
  const outcome = await meroTee(["release", "verify", release, ...which, ...trustOf(run), ...knowledgeOf(run)]);
  return countRules(expectOk(outcome).document);
}

async function sign(run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const { release } = laneDirectories(run);
  const outcome = await meroTee(["release", "sign", release, "--lane", run.lane, "--repo", run.repository]);
  return `${listAt(expectOk(outcome).document, "signed").length} files`;
}

async function selfVerify(run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const { release } = laneDirectories(run);
  const which = ["--lane", run.lane, "--version", run.version];
  const outcome = await meroTee(["release", "verify", release, ...which, ...trustOf(run), ...knowledgeOf(run)]);
  return countRules(expectOk(outcome).document);
}

async function publish(run: LaneRun, { host }: LaneTools): Promise<string> {
  const { release, notes } = laneDirectories(run);
  const { lane, version, commit } = run;
  const tag = releaseTag(lane, version);
  const isPrerelease = isReleaseCandidate(version);
  const body = await readFile(notes, "utf8");
  // The KMS release is the one that people look for; candidates, and the two others, never move "latest".
  const isLatest = lane === "kms" && !isPrerelease;
  const names = { kms: "KMS for Phala", node: "Node image", verifier: "Verifier" } as const;
  const head = { tag, name: `${names[lane]} ${version}`, commit, isPrerelease, body };
  const published = await publishRelease(host, { ...head, directory: release, isLatest });
  return `${tag}, ${published.assets.length} files`;
}

async function smoke(run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const { node } = laneDirectories(run);
  const which = ["--lane", run.lane, "--version", run.version];
  const pair = run.lane === "kms" ? ["--node-policy", join(node, PUBLISHED)] : [];
  const outcome = await meroTee(["release", "verify", ...which, ...trustOf(run), ...pair]);
  return countRules(expectOk(outcome).document);
}
