import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { execa } from "execa";
import { DEFAULT_PROFILE, PROFILES } from "../../packages/policy/src/index.ts";
import { policyAsset, releaseTag } from "../../packages/release-artifacts/src/index.ts";
import { expectOk, stopLane } from "../release/lane-stop.ts";
import { textAt } from "../release/mero-tee.ts";
import type { LaneRun, LaneTools } from "../release/release-lane.ts";
import { KMS_ARCHIVE, KMS_BUNDLE } from "./build-outputs.ts";
import { startKms } from "./kms-process.ts";
import { nodePolicyDigest } from "./probe-machines.ts";
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

/**
 * The released service starts on the published release, with signatures verified, and gives a node its key; nodes of the other profiles get none.
 *
 * The composition is the one that was probed, so a node that believes the release believes this KMS, and no other.
 */
export async function useRelease(world: RehearsalWorld, run: LaneRun, { meroTee }: LaneTools): Promise<string> {
  const profile = DEFAULT_PROFILE;
  const released = world.github.directoryOf(releaseTag("kms", run.version));
  const kms = await startKms(world, {
    profile,
    version: run.version,
    appCompose: await readFile(join(run.inputs, `app-compose-${profile}.json`), "utf8"),
    nodePolicySha256: await nodePolicyDigest(world, run.version),
    bundle: await unpack(join(released, KMS_ARCHIVE), join(world.directory, "deployed")),
  });
  const identity = join(world.directory, "node.key");
  await writeFile(identity, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  const policy = join(released, policyAsset(profile));
  const ask = async (asking: string) =>
    await meroTee([
      "kms",
      "get-key",
      kms.url,
      "--identity",
      identity,
      "--simulator",
      kms.simulatorUrl,
      "--profile",
      asking,
      "--root-ca",
      world.rootCaFile,
      // A node of another profile would not believe this KMS; what is asked here is whether the KMS believes it.
      ...(asking === profile ? ["--policy", policy] : []),
    ]);
  try {
    const own = expectOk(await ask(profile)).document;
    for (const other of PROFILES.filter((each) => each !== profile)) {
      const outcome = await ask(other);
      if (outcome.exitCode !== 10)
        stopLane("rules-broken", `The KMS of ${profile} gave a ${other} node its key.`, ["E-05"]);
    }
    return `${profile} node: key ${textAt(own, "keyFingerprint")}, ${textAt(own, "wire")}; other profiles: refused`;
  } finally {
    await kms.stop();
  }
}
