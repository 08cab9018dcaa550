import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { execa } from "execa";
import type { Profile } from "../../packages/policy/src/index.ts";
import type { MeroTee } from "../release/mero-tee.ts";
import { Refusal } from "../script-outcome.ts";
import { applyRoles, failureLine } from "./apply-roles.ts";
import { copyTree } from "./base-tree.ts";
import { describeImage } from "./image-description.ts";
import { imageName } from "./image-name.ts";
import { parseLock } from "./lock-changes.ts";
import { fileSha256, packImage } from "./pack-image.ts";
import { archiveOf, datedArchive, installedPackages, packagesLock, requirePackages } from "./packages-lock.ts";
import { rootSbom } from "./root-sbom.ts";
import { requireRtmrKernel } from "./rtmr-kernel.ts";
import { writeStandIns } from "./stand-ins.ts";
import { removeTree } from "./tree-mounts.ts";
import { type DebianRequest, keptDebian, unpackDebian, unpackRoot } from "./unpack-debian.ts";

/** An image that is to be built. */
export interface BuildRequest extends DebianRequest {
  readonly profile: Profile;
  readonly version: string;
  /** With stand-ins for programs, marked, and never measured. */
  readonly isTest: boolean;
  readonly lock: string;
  /** Folder of archives that are there already; others are fetched into it. */
  readonly downloads: string;
  /** List of packages that the image must have; null for a test build that is not compared with one. */
  readonly packagesLock: string | null;
  /** Folder that keeps the unpacked Debian for other builds; undefined for one that is unpacked for this one. */
  readonly debian: string | undefined;
  /** Archive of the root of a machine that the roles were applied to, in place of a Debian; undefined for a build from nothing. */
  readonly root: string | undefined;
  /** Folder for what is only needed meanwhile; on the file system of `out`. */
  readonly work: string;
  /** Folder for the result. */
  readonly out: string;
  /** Project that the image will be imported into; undefined where that is not known. */
  readonly project: string | undefined;
}

/** What the build tells while it works: a step that begins, something within it, and its end. */
export interface BuildProgress {
  readonly begin: (step: string) => void;
  readonly within: (what: string) => void;
  readonly end: (step: string, seconds: number, result: string) => void;
}

/** What was built. */
export interface BuiltImage {
  readonly profile: Profile;
  readonly version: string;
  readonly is_test: boolean;
  readonly root_hash: string;
  readonly kernel: string;
  readonly disk: string;
  readonly disk_sha256: string;
  readonly archive: string;
  readonly archive_sha256: string;
  readonly uki_sha256: string;
  /** Document of what the image must measure as; null for a test build, which nobody measures. */
  readonly measurements: string | null;
  readonly seconds: Readonly<Record<string, number>>;
}

/** The files of a result, which an earlier build may have left. */
function resultFiles(profile: Profile): readonly string[] {
  const documents = [`conformance-${profile}.json`, `image-${profile}.json`, sbomName(profile)];
  return ["disk.raw", "disk.tar.gz", "packages.lock", ...documents];
}

/** The bill of materials, under the name that a release has it. */
function sbomName(profile: Profile): string {
  return `node-image-gcp-rootfs-sbom.${profile}.spdx.json`;
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Where an image's packages come from, and what its list of packages says about that. */
interface PackageSource {
  readonly mirror: string | undefined;
  readonly archive: string | undefined;
}

/** What can be known to be wrong with what an image is pinned by, without unpacking a Debian first; the roles judge every download. */
async function requirePins({ lock, packagesLock: agreed, isTest, mirror, root }: BuildRequest): Promise<PackageSource> {
  if (agreed !== null && !existsSync(agreed)) {
    throw new Refusal(`no ${agreed}: a test build writes such a list of packages, for people to agree on`);
  }
  if (!isTest) {
    const entries = parseLock(await readFile(lock, "utf8"));
    if (entries.length === 0) throw new Refusal(`${lock} pins no program: a release is built from pinned ones only`);
    const loose = entries.find(({ sha256 }) => !/^[0-9a-f]{64}$/.test(sha256));
    if (loose !== undefined) throw new Refusal(`${loose.name} in ${lock} has no SHA-256`);
  }
  if (agreed === null) return { mirror, archive: mirror };
  const list = await readFile(agreed, "utf8");
  // A machine's root has the sources of its own image.
  const archive = isTest || root !== undefined ? archiveOf(list) : datedArchive(agreed, list);
  return { mirror: mirror ?? archive, archive: archive ?? mirror };
}

/** What Compute Engine imports. Source: Google Cloud, "Manually import boot disks", "Compress the disk". */
async function archiveDisk(folder: string, epoch: number): Promise<string> {
  const owner = ["--owner=0", "--group=0", "--numeric-owner", `--mtime=@${epoch}`, "--mode=0644"];
  // Holes by content: the same archive whatever file system the disk lies on.
  const sparse = ["--format=oldgnu", "-S", "--hole-detection=raw"];
  const archive = join(folder, "disk.tar.gz");
  await execa("tar", ["-C", folder, ...sparse, ...owner, "-I", "gzip -n", "-cf", archive, "disk.raw"]);
  return archive;
}

/**
 * Builds the disk of a node image, with what it must measure as. The result appears in `out` when all of it is there; after
 * a failure nothing does, and what an earlier build left is gone.
 */
export async function buildImage(
  request: BuildRequest,
  progress: BuildProgress,
  meroTee: MeroTee,
): Promise<BuiltImage> {
  const { profile, version, isTest, epoch, out, work } = request;
  const seconds: Record<string, number> = {};
  const step = async <T>(name: string, body: () => Promise<readonly [T, string]>): Promise<T> => {
    progress.begin(name);
    const started = performance.now();
    const [value, result] = await body();
    const taken = Math.round((performance.now() - started) / 100) / 10;
    seconds[name] = taken;
    progress.end(name, taken, result);
    return value;
  };

  for (const name of resultFiles(profile)) await rm(join(out, name), { force: true });
  const from = await requirePins(request);
  const source = { ...request, mirror: from.mirror };
  const tree = join(work, "tree");
  const made = join(work, "made");
  await removeTree(work);
  await mkdir(made, { recursive: true });

  const debian = await step("debian", async () => {
    if (request.root !== undefined) return [await unpackRoot(request.root, work, epoch), `root of ${request.root}`];
    if (request.debian === undefined) {
      const unpacked = await unpackDebian(join(work, "debian"), source);
      await rename(unpacked.tree, tree);
      return [unpacked, `${request.suite} unpacked`];
    }
    const kept = await keptDebian(request.debian);
    const found = kept ?? (await unpackDebian(request.debian, source));
    await copyTree(found.tree, tree);
    return [found, kept === null ? `${request.suite} unpacked, and kept` : `copied from ${request.debian}`];
  });
  const conformance = join(made, `conformance-${profile}.json`);
  const lock = await step("roles", async () => {
    const downloads = isTest ? join(work, "stand-ins") : request.downloads;
    const pinned = isTest ? await writeStandIns(downloads) : request.lock;
    await mkdir(downloads, { recursive: true });
    const roles = { profile, version, lock: pinned, downloads, standIns: isTest, report: conformance, epoch };
    const { output, recap } = await applyRoles(tree, { ...roles, onTask: progress.within });
    if (recap === null || recap.failed > 0) {
      const log = join(out, `roles-${profile}.log`);
      await mkdir(out, { recursive: true });
      await writeFile(log, output);
      throw new Error(`${failureLine(output)} (${log})`);
    }
    return [pinned, `${recap.ok} tasks, ${recap.changed} changed`];
  });
  await step("packages", async () => {
    const status = await readFile(join(tree, "var/lib/dpkg/status"), "utf8");
    const found = [...installedPackages(status), debian.stubPackage].toSorted();
    await writeFile(join(made, "packages.lock"), packagesLock(found, from.archive));
    const sbom = rootSbom(imageName(profile, version), found, parseLock(await readFile(lock, "utf8")), epoch);
    await writeJson(join(made, sbomName(profile)), sbom);
    const { packagesLock: agreed } = request;
    if (agreed === null) return [null, `${found.length} packages`];
    requirePackages(agreed, await readFile(agreed, "utf8"), found);
    return [null, `${found.length} packages, as agreed`];
  });
  const packed = await step("disk", async () => {
    const image = await packImage({ tree, stub: debian.stub, epoch, out: made });
    if (!isTest) requireRtmrKernel(image.kernel);
    return [image, `root hash ${image.rootHash}`];
  });
  const digests = await step("archive", async () => {
    const archive = await archiveDisk(made, epoch);
    const [disk, packedDisk] = [await fileSha256(packed.disk), await fileSha256(archive)];
    return [{ disk_sha256: disk, archive_sha256: packedDisk }, `${(await stat(archive)).size} bytes`];
  });
  const measured = await step("measurements", async () => {
    const described = await describeImage(meroTee, request, packed, digests);
    if (described === null) return [null, "none: a test build, which mero-tee image measure refuses"];
    await writeJson(join(made, `image-${profile}.json`), described);
    return [described, `RTMR3 ${described.predicted.rtmr3}`];
  });
  const ukiSha256 = await fileSha256(packed.uki);
  await mkdir(out, { recursive: true });
  for (const name of resultFiles(profile)) {
    if (isTest && name.startsWith("image-")) continue;
    await rename(join(made, name), join(out, name));
  }
  return {
    profile,
    version,
    is_test: isTest,
    root_hash: packed.rootHash,
    kernel: packed.kernel,
    disk: resolve(out, "disk.raw"),
    ...digests,
    archive: resolve(out, "disk.tar.gz"),
    uki_sha256: ukiSha256,
    measurements: measured === null ? null : resolve(out, `image-${profile}.json`),
    seconds,
  };
}
