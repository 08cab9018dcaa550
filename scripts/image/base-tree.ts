import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { removeTree } from "./tree-mounts.ts";
import { basePackages, type Debian, keptDebian, unpackDebian } from "./unpack-debian.ts";

/** Of tests: on a machine with the same Debian, Ansible's modules run in it as they do here. Its kernel is no release's. */
const TEST_DEBIAN = {
  suite: "bookworm",
  kernelSuite: "bookworm",
  mirror: undefined,
  epoch: 1_700_000_000,
} as const;

/**
 * Where a folder of tests keeps its Debian.
 *
 * @param work - folder that keeps it, once for a list of packages
 */
export async function baseFolder(work: string): Promise<string> {
  const text = `${TEST_DEBIAN.suite} ${(await basePackages()).join(" ")}`;
  return join(work, `debian-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`);
}

/** Unpacks a Debian with what every profile has, once; it is never changed again, but copied. */
export async function baseDebian(work: string): Promise<Debian> {
  const folder = await baseFolder(work);
  const kept = await keptDebian(folder);
  if (kept !== null) return kept;
  await mkdir(work, { recursive: true });
  return await unpackDebian(folder, TEST_DEBIAN);
}

/** Copies a tree, without leaving the file system that it is on. */
export async function copyTree(from: string, to: string): Promise<void> {
  await removeTree(to);
  await execa("cp", ["-a", "--one-file-system", from, to]);
}
