import { chmod, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { parse } from "yaml";
import { isDated } from "./packages-lock.ts";
import { removeTree, withMounts } from "./tree-mounts.ts";

const DEFAULTS = fileURLToPath(new URL("../../ansible/roles/base/defaults/main.yml", import.meta.url));
/** What Ansible's modules need in a tree besides what the image has. */
const FOR_ANSIBLE = ["python3", "python3-apt"] as const;
const KERNEL = "linux-image-cloud-amd64";
const STUB_PACKAGE = "systemd-boot-efi";
const STUB = "usr/lib/systemd/boot/efi/linuxx64.efi.stub";

/** Which Debian, and from where. */
export interface DebianRequest {
  /** Such as `trixie`. */
  readonly suite: string;
  /** Suite of the kernel: that of the others, or one with newer kernels. */
  readonly kernelSuite: string;
  /** Archive; undefined for the one that debootstrap takes by itself. */
  readonly mirror: string | undefined;
  /** Unix seconds that are written where a time is asked for. */
  readonly epoch: number;
}

/** A Debian with what every profile has, and the boot stub of the same archive. */
export interface Debian {
  readonly tree: string;
  readonly stub: string;
  /** Line of the list of packages that says where the stub is from. */
  readonly stubPackage: string;
}

/** What {@link unpackDebian} left in a folder; null where it left nothing. */
export async function keptDebian(folder: string): Promise<Debian | null> {
  const said = await readFile(join(folder, "stub-package"), "utf8").catch(() => null);
  if (said === null) return null;
  return { tree: join(folder, "tree"), stub: join(folder, "linuxx64.efi.stub"), stubPackage: said.trim() };
}

/** Packages that every profile has, by the role `base`. */
export async function basePackages(): Promise<readonly string[]> {
  const read: unknown = parse(await readFile(DEFAULTS, "utf8"));
  const listed: unknown = typeof read === "object" && read !== null ? Reflect.get(read, "base_packages") : null;
  if (!Array.isArray(listed)) throw new Error(`${DEFAULTS} lists no base_packages`);
  return listed.map(String);
}

async function run(program: string, args: readonly string[], epoch: number): Promise<void> {
  const env = { DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8", SOURCE_DATE_EPOCH: String(epoch) };
  const { exitCode, all } = await execa(program, args, { env, reject: false, all: true });
  if (exitCode === 0) return;
  throw new Error(`${program} ended with ${exitCode}: ${all.split("\n").slice(-3).join(" / ")}`);
}

/** apt in the tree, which starts no service there. */
async function apt(tree: string, epoch: number, ...args: readonly string[]): Promise<void> {
  await run("chroot", [tree, "apt-get", "-y", "-qq", "--no-install-recommends", ...args], epoch);
}

/**
 * Text of a list of sources, from the line that debootstrap left: with the suite of the kernel, and of a dated archive in spite of the day on which
 * its index was to be replaced.
 */
export function aptSources(left: string, { suite, kernelSuite, mirror }: Omit<DebianRequest, "epoch">): string {
  const found = left.split("\n").find((each) => each.startsWith("deb "));
  if (found === undefined) throw new Error("debootstrap left no /etc/apt/sources.list");
  const line = mirror !== undefined && isDated(mirror) ? found.replace("deb ", "deb [check-valid-until=no] ") : found;
  const lines = kernelSuite === suite ? [line] : [line, line.replace(` ${suite} `, ` ${kernelSuite} `)];
  return lines.map((each) => `${each}\n`).join("");
}

/** Takes the kernel from another suite of the same archive. */
async function installKernel(tree: string, { kernelSuite, epoch }: DebianRequest): Promise<void> {
  const policy = join(tree, "usr/sbin/policy-rc.d");
  await writeFile(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  await apt(tree, epoch, "update");
  await apt(tree, epoch, "-t", kernelSuite, "install", KERNEL);
  await rm(policy);
}

/** Unpacks the boot stub, which the image has but its root file system has not, of the tree's own archive of packages. */
async function fetchStub(tree: string, folder: string, epoch: number): Promise<string> {
  const inside = "var/tmp/stub";
  await mkdir(join(tree, inside));
  await apt(tree, epoch, "update");
  const download = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", STUB_PACKAGE];
  await run("chroot", [tree, "env", "-C", `/${inside}`, ...download], epoch);
  const name = (await readdir(join(tree, inside))).find((each) => each.startsWith(`${STUB_PACKAGE}_`));
  if (name === undefined) throw new Error(`apt-get downloaded no ${STUB_PACKAGE}`);
  const file = join(tree, inside, name);
  const unpacked = join(folder, "stub");
  await run("dpkg-deb", ["-x", file, unpacked], epoch);
  await copyFile(join(unpacked, STUB), join(folder, "linuxx64.efi.stub"));
  const { stdout } = await execa("dpkg-deb", ["-f", file, "Version"]);
  await rm(unpacked, { recursive: true });
  await rm(join(tree, inside), { recursive: true });
  return `${STUB_PACKAGE} ${stdout.trim()}`;
}

/**
 * Unpacks a Debian into a folder, from nothing: what every profile has, and what Ansible needs.
 *
 * @param folder - appears when everything in it is complete
 */
export async function unpackDebian(folder: string, request: DebianRequest): Promise<Debian> {
  const { suite, kernelSuite, mirror, epoch } = request;
  const unfinished = `${folder}.unfinished`;
  await removeTree(unfinished);
  await mkdir(unfinished, { recursive: true });
  const tree = join(unfinished, "tree");
  const packages = [...(await basePackages()), ...FOR_ANSIBLE]
    .filter((name) => name !== KERNEL || kernelSuite === suite)
    .toSorted();
  const source = mirror === undefined ? [] : [mirror];
  await run("debootstrap", ["--variant=minbase", `--include=${packages.join(",")}`, suite, tree, ...source], epoch);
  const list = join(tree, "etc/apt/sources.list");
  await writeFile(list, aptSources(await readFile(list, "utf8"), request));
  const stubPackage = await withMounts(tree, async () => {
    if (kernelSuite !== suite) await installKernel(tree, request);
    return await fetchStub(tree, unfinished, epoch);
  });
  await writeFile(join(unfinished, "stub-package"), `${stubPackage}\n`);
  await rename(unfinished, folder);
  return { tree: join(folder, "tree"), stub: join(folder, "linuxx64.efi.stub"), stubPackage };
}

/** Folders that an archive of a root leaves out, each with its mode. */
const OF_THE_MACHINE = { dev: 0o755, proc: 0o755, run: 0o755, sys: 0o755, tmp: 0o1777, "var/tmp": 0o1777 } as const;

/** Unpacks the archive of a machine's root that roles were applied to, in place of a Debian from nothing. */
export async function unpackRoot(archive: string, folder: string, epoch: number): Promise<Debian> {
  const tree = join(folder, "tree");
  await mkdir(tree, { recursive: true });
  const kept = ["--numeric-owner", "--same-permissions", "--xattrs", "--xattrs-include=*"];
  await run("tar", ["--extract", "--file", archive, "--directory", tree, ...kept], epoch);
  for (const [name, mode] of Object.entries(OF_THE_MACHINE)) {
    await mkdir(join(tree, name));
    await chmod(join(tree, name), mode);
  }
  const stubPackage = await withMounts(tree, async () => await fetchStub(tree, folder, epoch));
  return { tree, stub: join(folder, "linuxx64.efi.stub"), stubPackage };
}
