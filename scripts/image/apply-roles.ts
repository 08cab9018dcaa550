import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const ANSIBLE = fileURLToPath(new URL("../../ansible", import.meta.url));
const SHARED = ["proc", "sys", "dev"] as const;
/** Where a tree with systemd-resolved looks for name servers: apt in it finds its archive by those of this machine. */
const RESOLVER = "run/systemd/resolve";

/** What the roles make of a tree. */
export interface RolesRequest {
  readonly profile: string;
  readonly version: string;
  /** Path of the lock file; its archives are looked for in `downloads`. */
  readonly lock: string;
  readonly downloads: string;
  readonly standIns: boolean;
  /** Where the report of conformance goes. */
  readonly report: string;
}

/** Counts of Ansible's recap. */
export interface Recap {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
}

/** Reads the recap at the end of what `ansible-playbook` prints; null where there is none. */
export function readRecap(output: string): Recap | null {
  const counts = /ok=(?<ok>\d+)\s+changed=(?<changed>\d+)\s+unreachable=\d+\s+failed=(?<failed>\d+)/.exec(
    output,
  )?.groups;
  if (counts === undefined) return null;
  return { ok: Number(counts["ok"]), changed: Number(counts["changed"]), failed: Number(counts["failed"]) };
}

/** Runs a playbook over an unpacked tree, with what `update-initramfs` needs of the running system bound into it. */
export async function applyRoles(
  tree: string,
  request: RolesRequest,
  playbook = "node-image.yml",
): Promise<{ readonly output: string; readonly recap: Recap | null }> {
  // Of the one host, not of the run: what is delegated to this machine must not go into the tree.
  const host = {
    ansible_connection: "community.general.chroot",
    ansible_host: tree,
    ansible_python_interpreter: "/usr/bin/python3",
  };
  const inventory = join(request.downloads, "inventory.json");
  await writeFile(inventory, JSON.stringify({ all: { hosts: { [`node-image-${request.profile}`]: host } } }));
  const variables = {
    lockdown_profile: request.profile,
    image_version: request.version,
    downloads_lock: request.lock,
    downloads_dir: request.downloads,
    downloads_stand_ins: request.standIns,
    conformance_report: request.report,
  };
  const args = ["-i", inventory, "-e", JSON.stringify(variables), playbook];
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
    const env = { ANSIBLE_NOCOLOR: "1", ANSIBLE_REMOTE_TMP: "/run/ansible", ANSIBLE_LOCALHOST_WARNING: "False" };
    const { all } = await execa("ansible-playbook", args, { cwd: ANSIBLE, env, reject: false, all: true });
    return { output: all, recap: readRecap(all) };
  } finally {
    for (const at of bound) await execa("umount", [at]);
    // What Ansible and its modules worked in, and with.
    for (const name of [RESOLVER, "run/ansible", "root/.ansible"])
      await rm(join(tree, name), { recursive: true, force: true });
  }
}
