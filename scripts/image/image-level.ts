import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { Profile } from "../../packages/policy/src/index.ts";
import { createMeroTee, realWorld } from "../release/mero-tee.ts";
import { applyRolesOverSsh, failureLine } from "./apply-roles.ts";
import { baseDebian, baseFolder, copyTree } from "./base-tree.ts";
import { buildImage, type BuildRequest } from "./build-image.ts";
import { flipBit } from "./flip-bit.ts";
import { type Finding, type LevelRequest, timed } from "./level.ts";
import { fileSha256, packImage, type PackedImage } from "./pack-image.ts";
import { writeStandIns } from "./stand-ins.ts";
import { removeTree } from "./tree-mounts.ts";
import type { Debian } from "./unpack-debian.ts";

const EPOCH = 1_700_000_000;
const SILENT = { begin: () => undefined, within: () => undefined, end: () => undefined };

/** Folder in which this level leaves the disk of a profile, for the tests that boot it. */
export function imageFolder(work: string, profile: Profile): string {
  return join(work, `image-${profile}`);
}

async function testBuild(work: string, profile: Profile): Promise<BuildRequest> {
  const out = imageFolder(work, profile);
  return {
    profile,
    version: "0.0.0",
    isTest: true,
    lock: "",
    downloads: "",
    packagesLock: null,
    debian: await baseFolder(work),
    root: undefined,
    suite: "bookworm",
    kernelSuite: "bookworm",
    mirror: undefined,
    epoch: EPOCH,
    project: undefined,
    out,
    work: `${out}.work`,
  };
}

async function verifies({ data, hashes, rootHash }: PackedImage): Promise<boolean> {
  const { exitCode } = await execa("veritysetup", ["verify", data, hashes, rootHash], { reject: false });
  return exitCode === 0;
}

/** The hash tree must vouch for the file system as it is, and for no other. */
async function verity(packed: PackedImage, where: "data" | "hashes") {
  const problems = (await verifies(packed)) ? [] : ["it does not verify as it was made"];
  const path = packed[where];
  // Behind the super block of the hash tree, which `verify` does not use.
  await flipBit(path, 8192 + 17);
  if (await verifies(packed)) problems.push("it verifies with one byte flipped");
  await flipBit(path, 8192 + 17);
  return { problems };
}

/** A second disk from the tree that the first one was made of. */
async function sameAgain(request: BuildRequest, stub: string, first: string, again: string) {
  const packed = await packImage({ tree: join(request.work, "tree"), stub, epoch: EPOCH, out: again });
  const digest = await fileSha256(packed.disk);
  const seen = [`disk ${digest}, root hash ${packed.rootHash}`];
  return { packed, problems: digest === first ? [] : [`the disks differ: ${first} and ${digest}`], seen };
}

/** A disk from the root of a machine that the roles were applied to over SSH, sealed here: the same as the one from nothing. */
async function overSsh(base: string, request: BuildRequest, first: string) {
  const { profile, version, epoch } = request;
  const folder = `${request.out}.ssh`;
  try {
    await removeTree(folder);
    const [tree, downloads, root] = [join(folder, "machine"), join(folder, "stand-ins"), join(folder, "root.tar")];
    await mkdir(folder);
    await copyTree(base, tree);
    const lock = await writeStandIns(downloads);
    const report = join(folder, "conformance.json");
    const roles = { profile, version, lock, downloads, standIns: true, report, epoch };
    const { output, recap } = await applyRolesOverSsh(tree, roles, join(folder, "ssh"), root);
    if (recap === null || recap.failed > 0) return { problems: [failureLine(output)] };
    const again = { ...request, debian: undefined, root, work: join(folder, "work"), out: join(folder, "out") };
    const built = await buildImage(again, SILENT, createMeroTee(realWorld({})));
    const problems = built.disk_sha256 === first ? [] : [`the disks differ: ${first} and ${built.disk_sha256}`];
    return { problems, seen: [`${recap.ok} tasks, ${recap.changed} changed, disk ${built.disk_sha256}`] };
  } finally {
    await removeTree(folder);
  }
}

async function* judge(profile: Profile, request: BuildRequest, { tree: base, stub }: Debian): AsyncGenerator<Finding> {
  let digest = "";
  yield await timed("a disk is built", profile, async () => {
    const built = await buildImage(request, SILENT, createMeroTee(realWorld({})));
    digest = built.disk_sha256;
    return { problems: built.measurements === null ? [] : ["a test build is measured like a release"] };
  });
  if (digest === "") return;
  const again = join(request.work, "again");
  let packed: PackedImage | undefined;
  yield await timed("the same tree gives the same disk", profile, async () => {
    const second = await sameAgain(request, stub, digest, again);
    packed = second.packed;
    return second;
  });
  if (packed === undefined) return;
  const { data, hashes } = packed;
  const made = packed;
  yield await timed("one byte of the root is flipped", profile, async () => await verity(made, "data"));
  yield await timed("one byte of the hash tree is flipped", profile, async () => await verity(made, "hashes"));
  for (const path of [data, hashes]) await rm(path);
  yield await timed("over SSH the same disk", profile, async () => await overSsh(base, request, digest));
}

/** Builds the disk of each profile, with stand-ins for programs, and again from the same tree; leaves the first for the tests that boot it. */
export async function* imageLevel({ profiles, work }: LevelRequest): AsyncGenerator<Finding> {
  const unpacked = await timed("Debian is unpacked", null, async () => {
    await baseDebian(work);
    return { problems: [] };
  });
  yield unpacked;
  if (unpacked.problems.length > 0) return;
  const debian = await baseDebian(work);
  for (const profile of profiles) {
    const request = await testBuild(work, profile);
    try {
      yield* judge(profile, request, debian);
    } finally {
      await removeTree(request.work);
    }
  }
}
