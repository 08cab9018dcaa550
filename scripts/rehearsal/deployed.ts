import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { DEFAULT_PROFILE, type Profile, PROFILES } from "../../packages/policy/src/index.ts";
import { policyAsset, releaseTag } from "../../packages/release-artifacts/src/index.ts";
import { keep } from "../attestation/probe.ts";
import { countRules, expectOk, stopLane } from "../release/lane-stop.ts";
import { at, textAt } from "../release/mero-tee.ts";
import type { LaneRun, LaneTools } from "../release/release-lane.ts";
import { KMS_ARCHIVE, KMS_BUNDLE } from "./build-outputs.ts";
import { type RunningKms, startKms } from "./kms-process.ts";
import { nodePolicyDigest, observeNodes, probeRunningKms } from "./probe-machines.ts";
import type { RehearsalWorld } from "./world.ts";

/** Unpacks the released service. */
async function unpack(archive: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await execa("tar", ["-xzf", archive, "-C", directory]);
  const found = await readdir(directory, { recursive: true });
  const bundle = found.find((name) => basename(name) === KMS_BUNDLE);
  if (bundle === undefined) throw new Error(`${archive} has no ${KMS_BUNDLE}`);
  return join(directory, bundle);
}

/** A release that is in use: its files, the service in it, and where what its machines show is written down. */
interface UsedRelease {
  readonly world: RehearsalWorld;
  readonly run: LaneRun;
  readonly tools: LaneTools;
  readonly kmsRelease: string;
  readonly bundle: string;
  readonly seen: string;
}

/**
 * The released service starts on the published release, with signatures verified, once for each profile, and nodes of each profile ask
 * it for a key: nine pairs, of which three get one. Then all that fresh machines showed is held to what was released.
 *
 * The composition is the one that was probed, so a node that believes the release believes this KMS, and no other.
 */
export async function useRelease(world: RehearsalWorld, run: LaneRun, tools: LaneTools): Promise<string> {
  const { meroTee } = tools;
  const seen = join(world.directory, "e2e");
  await rm(seen, { recursive: true, force: true });
  const kmsRelease = world.github.directoryOf(releaseTag("kms", run.version));
  const bundle = await unpack(join(kmsRelease, KMS_ARCHIVE), join(world.directory, "deployed"));
  await observeNodes(world, tools, seen);
  const used: UsedRelease = { world, run, tools, kmsRelease, bundle, seen };
  const keys: string[] = [];
  for (const profile of PROFILES) keys.push(await deployKms(used, profile));

  const nodeRelease = world.github.directoryOf(releaseTag("node", run.version));
  const nodes = await meroTee(["e2e", "node", "--in", seen, "--release", nodeRelease]);
  const pairs = await meroTee(["e2e", "kms-node", "--in", seen, "--release", kmsRelease, "--live"]);
  const rules = [nodes, pairs].map((each) => countRules(expectOk(each).document)).join("; ");
  const own = keys[PROFILES.indexOf(DEFAULT_PROFILE)] ?? "";
  return `${DEFAULT_PROFILE} node: key ${own}, wrapped; 9 pairs, 3 keys; ${rules}`;
}

/** One KMS of the release, and what nodes of each profile get from it. Gives the fingerprint of the key of its own profile's node. */
async function deployKms(used: UsedRelease, profile: Profile): Promise<string> {
  const { world, run, tools, bundle, seen } = used;
  const kms = await startKms(world, {
    profile,
    version: run.version,
    appCompose: await readFile(join(run.inputs, `app-compose-${profile}.json`), "utf8"),
    nodePolicySha256: await nodePolicyDigest(world, run.version),
    bundle,
  });
  try {
    await probeRunningKms(world, run, tools, kms, { profile, out: seen });
    let own = "";
    for (const node of PROFILES) {
      const key = await askForKey(used, kms, { kms: profile, node });
      if (node === profile) own = key ?? "";
    }
    return own;
  } finally {
    await kms.stop();
  }
}

/** A node asks a KMS, and what it got is written down. Gives the key's fingerprint, or null where the KMS refused. */
async function askForKey(
  { world, tools, kmsRelease, seen }: UsedRelease,
  kms: RunningKms,
  pair: { readonly kms: Profile; readonly node: Profile },
): Promise<string | null> {
  const identity = join(world.directory, "node.key");
  await writeFile(identity, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  const outcome = await tools.meroTee([
    "kms",
    "get-key",
    kms.url,
    "--identity",
    identity,
    "--simulator",
    kms.simulatorUrl,
    "--profile",
    pair.node,
    "--root-ca",
    world.rootCaFile,
    // A node of another profile would not believe this KMS; what is asked here is whether the KMS believes it.
    ...(pair.node === pair.kms ? ["--policy", join(kmsRelease, policyAsset(pair.kms))] : []),
  ]);
  const { document } = outcome;
  const isKey = outcome.exitCode === 0;
  if (isKey && pair.node === pair.kms && textAt(document, "wire") !== "wrapped")
    stopLane("rules-broken", `The key of the ${pair.node} node travelled in the clear.`);
  const tag = at(document, "kmsError", "tag");
  const refusal = typeof tag === "string" ? { kms_error: tag } : {};
  const probe = { ok: isKey, code: isKey ? "OK" : textAt(document, "failure", "code"), ...(isKey ? {} : refusal) };
  const name = `node-kms-probe-result-${pair.kms}-${pair.node}.json`;
  await keep({ out: seen }, name, {
    schema_version: 1,
    kms_profile: pair.kms,
    node_profile: pair.node,
    expected_outcome: pair.kms === pair.node ? "success" : "failure",
    probe,
  });
  return isKey ? textAt(document, "keyFingerprint") : null;
}
