import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/** The boot script of the initrd; its own shell is `sh` here as there. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/kernel/files/scripts/calimero", import.meta.url));
const ROOT_HASH = "4b485463654c432a0c6147e35f2b32e1f7d4822bb6e3a8e7ab5f5dc20df4b414";
/** What the initrd was made for; a star stands for itself. */
const OWN = "boot=calimero * ro calimero.role=node calimero.profile=debug";
const LINE = `${OWN} calimero.root_hash=${ROOT_HASH}\n`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "initrd-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** Runs functions of the script with the machine's end, a power off, made visible. */
async function inInitrd(commands: string, ...args: readonly string[]) {
  const prelude = `. "$1"; shift
    calimero_say() { printf '%s\\n' "$1"; }
    calimero_power_off() { exit 9; }`;
  return await execa("sh", ["-uc", `${prelude}\n${commands}`, "sh", SCRIPT, ...args], { reject: false });
}

async function check(line: string, own = OWN) {
  await writeFile(join(folder, "cmdline"), line);
  await writeFile(join(folder, "own"), own);
  const commands = 'calimero_check "$1" "$2"; printf "%s|%s|%s\\n" "$role" "$profile" "$root_hash"';
  return await inInitrd(commands, join(folder, "cmdline"), join(folder, "own"));
}

describe("the initrd", () => {
  test("takes a command line that names role, profile and root hash once", async () => {
    expect(await check(LINE)).toMatchObject({ exitCode: 0, stdout: `node|debug|${ROOT_HASH}` });
  });

  test.each([
    { name: "no root hash", line: LINE.replace(/ calimero.root_hash=\S+/, ""), why: "calimero.root_hash is missing" },
    {
      name: "two root hashes",
      line: `calimero.root_hash=${"0".repeat(64)} ${LINE}`,
      why: "calimero.root_hash is on the command line 2 times",
    },
    {
      name: "a root hash of 65 digits",
      line: LINE.replace(ROOT_HASH, `0${ROOT_HASH}`),
      why: "root_hash on the command line is malformed",
    },
    {
      name: "a root hash in capitals",
      line: LINE.replace(ROOT_HASH, ROOT_HASH.toUpperCase()),
      why: "root_hash on the command line is malformed",
    },
    {
      name: "a root hash with shell words",
      line: LINE.replace(ROOT_HASH, "$(reboot)"),
      why: "root_hash on the command line is malformed",
    },
    {
      name: "a quoted parameter",
      line: LINE.replace("calimero.role=node", '"calimero.role=node"'),
      why: "has a quote",
    },
    { name: "another role", line: LINE.replace("role=node", "role=kms"), why: "not that of this image" },
    { name: "another profile", line: LINE.replace("=debug", "=locked-read-only"), why: "not that of this image" },
    { name: "another boot script", line: LINE.replace("boot=calimero", "boot=local"), why: "not that of this image" },
    { name: "another init", line: LINE.replace("\n", " init=/bin/sh\n"), why: "not that of this image" },
    { name: "a shell asked for", line: `break=bottom ${LINE}`, why: "not that of this image" },
    { name: "one word less", line: LINE.replace(" ro ", " "), why: "not that of this image" },
    { name: "its words in another order", line: LINE.replace("* ro", "ro *"), why: "not that of this image" },
    { name: "an initrd that does not say what it is for", line: LINE, own: "", why: "not that of this image" },
  ])("powers off at $name", async ({ line, own, why }) => {
    const outcome = await check(line, own);
    expect(outcome.exitCode).toBe(9);
    expect(outcome.stdout).toMatch(/^FAILED /);
    expect(outcome.stdout).toContain(why);
  });

  test("finds its partitions by the halves of the root hash", async () => {
    const { stdout } = await inInitrd('calimero_partitions "$1"', ROOT_HASH);
    expect(stdout.split("\n")).toEqual([
      "4b485463-654c-432a-0c61-47e35f2b32e1",
      "f7d4822b-b6e3-a8e7-ab5f-5dc20df4b414",
    ]);
  });

  test("powers off when the partitions do not come", async () => {
    const outcome = await inInitrd('calimero_wait 0 "$1" "$2"', join(folder, "a"), join(folder, "b"));
    expect(outcome).toMatchObject({ exitCode: 9, stdout: "FAILED no partitions of this root hash within 0 s" });
  });
});
