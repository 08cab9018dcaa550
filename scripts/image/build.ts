import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Profile, PROFILES } from "../../packages/policy/src/index.ts";
import { commitTime } from "../commit-time.ts";
import { createMeroTee, realWorld, textAt } from "../release/mero-tee.ts";
import { Misuse, needed, settle } from "../script-outcome.ts";
import { type BuildProgress, type BuildRequest, type BuiltImage, buildImage } from "./build-image.ts";
import { removeTree } from "./tree-mounts.ts";

/**
 * `node scripts/image/build.ts --profile P --out DIR [--version V] [--test] [--lock FILE] [--downloads DIR] [--packages-lock FILE]
 * [--debian DIR | --root FILE] [--suite S] [--kernel-suite S] [--mirror URL] [--project ID] [--json]`: builds the disk of a node image, from
 * nothing or from the archive of a machine's root that the roles were applied to, as `DIR/disk.raw` and, as Compute Engine imports it, `DIR/disk.tar.gz`; beside them `image-P.json` (what it must measure as),
 * `conformance-P.json` and `packages.lock`. With `--test`, of stand-ins for programs: such an image says so on its measured command line
 * and has no `image-P.json`. Needs root and, of Debian: ansible, debootstrap, erofs-utils, cryptsetup-bin, binutils, dosfstools, mtools, fdisk.
 *
 * The archive of packages is `--mirror`, else `DEBIAN_MIRROR`, else the one that the list of packages names (a dated one, for a release), else the
 * one of debootstrap; times are `SOURCE_DATE_EPOCH`, else that of the commit. A release must have the packages of `ansible/packages/P.lock`, a test
 * build those of a list only where one is named. Ends with 0, 1 (a step failed), 2 (usage) or 10 (refused: pins, packages, kernel, measurements);
 * only after 0 is there a disk.
 */
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OPTIONS = {
  profile: { type: "string" },
  out: { type: "string" },
  version: { type: "string" },
  test: { type: "boolean", default: false },
  lock: { type: "string", default: resolve(ROOT, "ansible/downloads.lock.json") },
  downloads: { type: "string", default: resolve(ROOT, "ansible/.downloads") },
  "packages-lock": { type: "string" },
  debian: { type: "string" },
  root: { type: "string" },
  suite: { type: "string", default: "trixie" },
  "kernel-suite": { type: "string" },
  mirror: { type: "string" },
  project: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** Where newer kernels are, for a suite whose own has no RTMR files. */
const KERNEL_SUITES: Readonly<Record<string, string>> = { trixie: "trixie-backports" };

async function readRequest(values: ReturnType<typeof readFlags>): Promise<BuildRequest> {
  const named = needed(values.profile, "profile");
  const profile = PROFILES.find((known) => known === named);
  if (profile === undefined) throw new Misuse(`--profile must be one of ${PROFILES.join(", ")}, not ${named}`);
  const out = resolve(needed(values.out, "out"));
  const versions: unknown = JSON.parse(await readFile(resolve(ROOT, "versions.json"), "utf8"));
  const version = values.version ?? textAt(versions, "imageVersion");
  if (values.root !== undefined && values.debian !== undefined) {
    throw new Misuse("--root has a Debian of its own: --debian is not for it");
  }
  const mirror = values.mirror ?? process.env["DEBIAN_MIRROR"] ?? "";
  if (process.getuid?.() !== 0) throw new Misuse("this needs root: it changes root into the tree that it makes");
  return {
    profile,
    version,
    out,
    work: `${out}.work`,
    isTest: values.test,
    lock: resolve(values.lock),
    downloads: resolve(values.downloads),
    packagesLock: packagesLockOf(values["packages-lock"], values.test, profile),
    debian: values.debian === undefined ? undefined : resolve(values.debian),
    root: values.root === undefined ? undefined : resolve(values.root),
    suite: values.suite,
    kernelSuite: values["kernel-suite"] ?? KERNEL_SUITES[values.suite] ?? values.suite,
    mirror: mirror === "" ? undefined : mirror,
    epoch: await commitTime("HEAD"),
    project: values.project,
  };
}

/** The list of packages to compare with: the one that was agreed on, unless another is named. */
function packagesLockOf(named: string | undefined, isTest: boolean, profile: Profile): string | null {
  if (named !== undefined) return resolve(named);
  return isTest ? null : resolve(ROOT, `ansible/packages/${profile}.lock`);
}

function readFlags() {
  return parseArgs({ options: OPTIONS }).values;
}

/** Plain lines for pipelines; a terminal also sees the task that runs. */
function progressOn(stream: NodeJS.WriteStream): BuildProgress {
  const clear = stream.isTTY ? "\r\u001B[K" : "";
  let role = "";
  return {
    begin: (step) => void stream.write(stream.isTTY ? `${step} …` : `${step} begins\n`),
    within(task) {
      if (stream.isTTY) return void stream.write(`${clear}${task.slice(0, stream.columns - 2)} …`);
      const [next = ""] = task.split(" : ");
      if (next !== role) stream.write(`  ${next}\n`);
      role = next;
    },
    end: (step, seconds, result) => void stream.write(`${clear}${step}: ${result} (${seconds.toFixed(0)} s)\n`),
  };
}

function textOf(built: BuiltImage): string {
  const { profile, version, disk, disk_sha256: digest, archive, measurements } = built;
  const first = built.is_test
    ? `TEST BUILD of ${profile}: stand-ins for programs, calimero.test=1 on its command line, no measurements`
    : `${profile} ${version}: ${measurements}`;
  return [first, `${digest}  ${disk}`, `${built.archive_sha256}  ${archive}`].join("\n");
}

async function main(): Promise<string> {
  const values = readFlags();
  const request = await readRequest(values);
  try {
    const built = await buildImage(request, progressOn(process.stderr), createMeroTee(realWorld(process.env)));
    return values.json ? JSON.stringify({ schema_version: 1, ...built }, null, 2) : textOf(built);
  } finally {
    await removeTree(request.work);
  }
}

await settle(main);
