import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { parse } from "yaml";

const DEFAULTS = fileURLToPath(new URL("../../ansible/roles/base/defaults/main.yml", import.meta.url));
const SUITE = "bookworm";
/** What Ansible's modules need in a tree besides what the image has. */
const FOR_ANSIBLE = ["python3", "python3-apt"] as const;

/** Packages that every profile has, by the role `base`. */
async function basePackages(): Promise<readonly string[]> {
  const read: unknown = parse(await readFile(DEFAULTS, "utf8"));
  const listed: unknown = typeof read === "object" && read !== null ? Reflect.get(read, "base_packages") : null;
  if (!Array.isArray(listed)) throw new Error(`${DEFAULTS} lists no base_packages`);
  return listed.map(String);
}

/**
 * Unpacks a Debian with what every profile has, once for a list of packages; it is never changed again, but copied.
 *
 * @param work - folder that keeps it
 * @returns path of the tree
 */
export async function baseTree(work: string): Promise<string> {
  const packages = [...(await basePackages()), ...FOR_ANSIBLE].toSorted();
  const digest = createHash("sha256")
    .update(`${SUITE} ${packages.join(" ")}`)
    .digest("hex")
    .slice(0, 16);
  const tree = join(work, `base-${digest}`);
  if (existsSync(tree)) return tree;
  const unfinished = `${tree}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  const args = ["--variant=minbase", `--include=${packages.join(",")}`, SUITE, unfinished];
  const { exitCode, all } = await execa("debootstrap", args, { reject: false, all: true });
  if (exitCode !== 0) throw new Error(`debootstrap ended with ${exitCode}:\n${all.split("\n").slice(-10).join("\n")}`);
  await rename(unfinished, tree);
  return tree;
}

/** Copies a tree, without leaving the file system that it is on. */
export async function copyTree(from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true, maxRetries: 2 });
  await execa("cp", ["-a", "--one-file-system", from, to]);
}
