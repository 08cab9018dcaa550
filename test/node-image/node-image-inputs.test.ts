import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { debianProgram } from "../debian-program.ts";

/** What the playbook refuses before any module runs: in these runs none could, since there is no Python. */
const ANSIBLE = fileURLToPath(new URL("../../ansible", import.meta.url));
const program = await debianProgram("ansible-playbook", "ansible");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "playbook-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function play(playbook: string, variables: Readonly<Record<string, unknown>>) {
  const inventory = join(folder, "inventory.json");
  const host = { ansible_connection: "local", ansible_become: false, ansible_python_interpreter: "/bin/false" };
  await writeFile(inventory, JSON.stringify({ all: { hosts: { image: host } } }));
  const args = ["--check", "-i", inventory, "-e", JSON.stringify(variables), playbook];
  const { exitCode, stdout } = await execa(program ?? "", args, {
    cwd: ANSIBLE,
    reject: false,
    env: { ANSIBLE_NOCOLOR: "1", ANSIBLE_ROLES_PATH: join(ANSIBLE, "roles"), LC_ALL: "C.UTF-8" },
  });
  return { isRefused: exitCode !== 0, stdout };
}

describe.skipIf(program === null)("the playbook", () => {
  test.each([
    {
      name: "a profile that does not exist",
      given: { lockdown_profile: "prod" },
      why: "lockdown_profile must be one of",
    },
    {
      name: "a version that leads elsewhere",
      given: { lockdown_profile: "debug", image_version: "2.4.0/../latest" },
      why: "image_version must be a version",
    },
  ])("refuses $name, before anything is changed", async ({ given, why }) => {
    const { isRefused, stdout } = await play(join(ANSIBLE, "node-image.yml"), {
      image_version: "2.4.0",
      ...given,
    });
    expect(isRefused).toBe(true);
    expect(stdout).toContain(why);
    expect(stdout).toContain("changed=0");
  });

  const entry = {
    name: "merod",
    version: "0.12.0",
    url: "https://github.com/o/n/releases/download/0.12.0/merod.tar.gz",
    sha256: "ab".repeat(32),
    size: 9,
    extract: [{ path: "merod", to: "merod", mode: "0755", sha256: "cd".repeat(32) }],
  };
  test.each([
    { name: "a download that has no checksum", lock: [{ ...entry, sha256: "" }], why: "is not pinned" },
    { name: "a download without TLS", lock: [{ ...entry, url: "http://example.com/merod" }], why: "is not pinned" },
    { name: "a download that follows the latest", lock: [{ ...entry, version: "latest" }], why: "is not pinned" },
  ])("refuses a lock file with $name", async ({ lock, why }) => {
    await writeFile(join(folder, "lock.json"), JSON.stringify(lock));
    const playbook = join(folder, "play.json");
    await writeFile(playbook, JSON.stringify([{ hosts: "all", gather_facts: false, roles: ["downloads"] }]));
    const { isRefused, stdout } = await play(playbook, {
      downloads_lock: join(folder, "lock.json"),
      downloads_dir: join(folder, "downloads"),
      downloads_required: ["merod"],
    });
    expect(isRefused).toBe(true);
    expect(stdout).toContain(why);
    expect(stdout).toContain("changed=0");
  });
});
