import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Profile, PROFILES } from "../../packages/policy/src/index.ts";
import { kmsAppCompose } from "../../packages/release-artifacts/src/index.ts";
import { simulatedApplication } from "../../packages/tee-simulator/src/index.ts";
import { startSimulator } from "../../packages/tee-simulator/src/server/index.ts";
import { observeNode } from "../attestation/observe-node.ts";
import { probeKms } from "../attestation/probe-kms.ts";
import { probeNode } from "../attestation/probe-node.ts";
import { composeTemplate, expectReviewed } from "../release/composition.ts";
import { textAt } from "../release/mero-tee.ts";
import type { LaneRun, LaneTools } from "../release/release-lane.ts";
import { KMS_BUNDLE, KMS_IMAGE } from "./build-outputs.ts";
import { type RunningKms, startKms } from "./kms-process.ts";
import type { RehearsalWorld } from "./world.ts";

/** Machines of the simulated platform are up as soon as they listen. */
const PATIENCE = { tries: 3, pauseMs: 200 } as const;

/** Probes a node of each profile on the simulated platform; what was seen lands in the lane's inputs. */
export async function probeNodes(world: RehearsalWorld, run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const seen: string[] = [];
  for (const profile of PROFILES) {
    const machine = await startSimulator({
      platform: world.platform,
      now: () => Math.floor(Date.now() / 1000),
      profile,
    });
    try {
      const found = await probeNode({
        meroTee,
        fetch: world.fetch,
        url: machine.url,
        profile,
        machineType: "c3-standard-4",
        out: run.inputs,
        images: run.inputs,
        pccs: machine.url,
        rootCa: world.rootCaFile,
        needsSecondOpinion: true,
        patience: PATIENCE,
        version: run.version,
        commit: run.commit,
        runId: run.runId,
        runAttempt: run.runAttempt,
        instance: { name: `simulated-${profile}`, project: "rehearsal", zone: "loopback" },
      });
      seen.push(found);
    } finally {
      await machine.close();
    }
  }
  return `3 simulated machines; ${seen[0] ?? ""}`;
}

/** The composition of a profile, as probe and production deploy it. */
async function composeFor(run: LaneRun, profile: Profile, nodePolicySha256: string): Promise<string> {
  const images: unknown = JSON.parse(await readFile(join(run.inputs, "kms-phala-images.json"), "utf8"));
  const provider: unknown = JSON.parse(simulatedApplication(profile).keyProvider);
  const made = kmsAppCompose(await composeTemplate(), {
    image: `${KMS_IMAGE}@${textAt(images, "digests", profile)}`,
    version: run.version,
    profile,
    nodePolicySha256,
    servicePort: 8080,
    keyProviderId: textAt(provider, "id"),
    hasRedis: false,
  });
  if (!made.ok) throw new Error(made.error.map(({ field, expected }) => `${field} is not ${expected}`).join("; "));
  return made.value.text;
}

/** The digest of the measurements that a node release published. */
export async function nodePolicyDigest(world: RehearsalWorld, version: string): Promise<string> {
  const file = join(world.github.directoryOf(`mero-tee-v${version}`), "published-mrtds.json");
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

/** How the composition that is probed departs from the template. */
export type ComposeChange = (appCompose: string, profile: Profile) => string;

/** Looks at a fresh node of each profile, after its release; what was seen lands in a directory. */
export async function observeNodes(world: RehearsalWorld, { meroTee }: LaneTools, out: string): Promise<void> {
  for (const profile of PROFILES) {
    const machine = await startSimulator({
      platform: world.platform,
      now: () => Math.floor(Date.now() / 1000),
      profile,
    });
    try {
      await observeNode({
        meroTee,
        fetch: world.fetch,
        url: machine.url,
        profile,
        machineType: "c3-standard-4",
        out,
        pccs: machine.url,
        rootCa: world.rootCaFile,
        needsSecondOpinion: true,
        patience: PATIENCE,
      });
    } finally {
      await machine.close();
    }
  }
}

/** Probes a KMS that runs; what was seen lands in a directory. */
export async function probeRunningKms(
  world: RehearsalWorld,
  run: LaneRun,
  { meroTee }: LaneTools,
  kms: RunningKms,
  { profile, out }: { readonly profile: Profile; readonly out: string },
): Promise<string> {
  return await probeKms({
    meroTee,
    fetch: world.fetch,
    url: kms.url,
    profile,
    machineType: "tdx.small",
    out,
    appCompose: join(run.inputs, `app-compose-${profile}.json`),
    commit: run.commit,
    label: `release-kms-${run.version}-${profile}-${run.runId}-${run.runAttempt}-try1`,
    pccs: kms.simulatorUrl,
    rootCa: world.rootCaFile,
    needsSecondOpinion: true,
    patience: PATIENCE,
  });
}

/** Probes a KMS of each profile: its guest boots the composition, and the real service runs in it. */
export async function probeKmses(
  world: RehearsalWorld,
  run: LaneRun,
  tools: LaneTools,
  change: ComposeChange = String,
): Promise<string> {
  const nodePolicySha256 = await nodePolicyDigest(world, run.version);
  const seen: string[] = [];
  for (const profile of PROFILES) {
    const appCompose = change(await composeFor(run, profile, nodePolicySha256), profile);
    const file = join(run.inputs, `app-compose-${profile}.json`);
    await writeFile(file, appCompose);
    await expectReviewed(Buffer.from(appCompose), run.version, profile);
    const bundle = join(run.inputs, KMS_BUNDLE);
    const kms = await startKms(world, { profile, version: run.version, appCompose, nodePolicySha256, bundle });
    try {
      const found = await probeRunningKms(world, run, tools, kms, { profile, out: run.inputs });
      seen.push(found);
    } finally {
      await kms.stop();
    }
  }
  return `3 KMSs on simulated machines; ${seen[0] ?? ""}`;
}
