import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

const SHARED = ["proc", "sys", "dev"] as const;
/** Where a tree with systemd-resolved looks for name servers: apt in it finds its archive by those of this machine. */
const RESOLVER = "run/systemd/resolve";

/** Does something in a tree while what programs need of the running system is there. */
export async function withMounts<T>(tree: string, body: () => Promise<T>): Promise<T> {
  const bound: string[] = [];
  try {
    for (const name of SHARED) {
      const at = join(tree, name);
      await mkdir(at, { recursive: true });
      await execa("mount", ["--bind", `/${name}`, at]);
      bound.unshift(at);
    }
    await mkdir(join(tree, RESOLVER), { recursive: true });
    await copyFile("/etc/resolv.conf", join(tree, RESOLVER, "stub-resolv.conf"));
    return await body();
  } finally {
    for (const at of bound) await execa("umount", [at]);
    await rm(join(tree, RESOLVER), { recursive: true, force: true });
  }
}

/** Removes a tree, unless something is still mounted in it: that would be removed too. */
export async function removeTree(tree: string): Promise<void> {
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n").map((line) => line.split(" ")[1] ?? "");
  const left = mounts.find((at) => at === tree || at.startsWith(`${tree}/`));
  if (left !== undefined) throw new Error(`${left} is still mounted; unmount it, then remove ${tree}`);
  await rm(tree, { recursive: true, force: true });
}
