import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { startSshMachine } from "./ssh-machine.ts";
import { withMounts } from "./tree-mounts.ts";

const ANSIBLE = fileURLToPath(new URL("../../ansible", import.meta.url));
const ARCHIVE_ROOT = fileURLToPath(new URL("../../packer/builder/archive-root", import.meta.url));

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
  /** Unix seconds that are written where a time is asked for; 0 unless given. */
  readonly epoch?: number;
  /** Told of each task that begins, as `ROLE : TASK`. */
  readonly onTask?: (task: string) => void;
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

/** How Ansible reaches what it makes into an image: variables of its connection, and more arguments. */
interface Play {
  readonly host: Readonly<Record<string, string | number>>;
  readonly args: readonly string[];
}

async function play({ host, args }: Play, request: RolesRequest) {
  // Of the one host, not of the run: what is delegated to this machine must not go into the tree.
  const variablesOfHost = { ...host, ansible_python_interpreter: "/usr/bin/python3" };
  const inventory = join(request.downloads, "inventory.json");
  await writeFile(
    inventory,
    JSON.stringify({ all: { hosts: { [`node-image-${request.profile}`]: variablesOfHost } } }),
  );
  const variables = {
    lockdown_profile: request.profile,
    image_version: request.version,
    downloads_lock: request.lock,
    downloads_dir: request.downloads,
    downloads_stand_ins: request.standIns,
    conformance_report: request.report,
    source_date_epoch: String(request.epoch ?? 0),
  };
  const env = { ANSIBLE_NOCOLOR: "1", ANSIBLE_REMOTE_TMP: "/run/ansible", ANSIBLE_LOCALHOST_WARNING: "False" };
  const all = ["-i", inventory, "-e", JSON.stringify(variables), ...args];
  const running = execa("ansible-playbook", all, { cwd: ANSIBLE, env, reject: false, all: true });
  for await (const line of running.iterable({ from: "all" })) {
    const task = /^TASK \[(?<task>.*)\] \*+$/.exec(line)?.groups?.["task"];
    if (task !== undefined) request.onTask?.(task);
  }
  const { all: output } = await running;
  return { output, recap: readRecap(output) };
}

/** What the roles say, and how many of their tasks did what. */
interface Applied {
  readonly output: string;
  readonly recap: Recap | null;
}

/** Does something in a tree with what `update-initramfs` needs of the running system bound into it, and leaves nothing of Ansible's there. */
async function inTree<T>(tree: string, body: () => Promise<T>): Promise<T> {
  try {
    return await withMounts(tree, body);
  } finally {
    for (const name of ["run/ansible", "root/.ansible"]) await rm(join(tree, name), { recursive: true, force: true });
  }
}

/** Runs a playbook over an unpacked tree. */
export async function applyRoles(tree: string, request: RolesRequest, playbook = "node-image.yml"): Promise<Applied> {
  const host = { ansible_connection: "community.general.chroot", ansible_host: tree };
  return await inTree(tree, async () => await play({ host, args: [playbook] }, request));
}

/**
 * Applies the roles but those that seal, over SSH and as a machine of Packer's builder has them applied, and archives its root. The machine
 * is a tree behind an SSH server that changes root into it.
 *
 * @param folder - for keys and configuration; made, and left
 * @param archive - where the archive goes
 */
export async function applyRolesOverSsh(
  tree: string,
  request: RolesRequest,
  folder: string,
  archive: string,
): Promise<Applied> {
  return await inTree(tree, async () => {
    await using machine = await startSshMachine(tree, folder);
    const host = { ...machine.variables, ansible_ssh_transfer_method: "piped" };
    const applied = await play({ host, args: ["--skip-tags", "sealing", "node-image.yml"] }, request);
    const inside = "/var/tmp/root.tar";
    await machine.run(await readFile(ARCHIVE_ROOT, "utf8"), [inside]);
    await rename(join(tree, inside), archive);
    return applied;
  });
}

/** The first task that failed, and what it says, in one line, out of what `ansible-playbook` prints. */
export function failureLine(output: string): string {
  const failed = /^(?:fatal|failed): \[/m.exec(output);
  if (failed === null) return output.trimEnd().split("\n").at(-1) ?? "";
  const task = [...output.slice(0, failed.index).matchAll(/^TASK \[(?<task>.*)\] \*+$/gm)].at(-1)?.groups?.["task"];
  const said = /"msg": (?<text>"(?:[^"\\]|\\.)*")/.exec(output.slice(failed.index))?.groups?.["text"];
  const message: unknown = said === undefined ? "it does not say why" : JSON.parse(said);
  return `${task ?? "a task"}: ${String(message).replaceAll(/\s+/g, " ").trim()}`;
}
