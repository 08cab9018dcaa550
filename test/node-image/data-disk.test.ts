import { mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { debianProgram } from "../debian-program.ts";

/** What mounts the data disk at boot, on disks that whoever runs the host has prepared: real ones, in a mount namespace of their own. */
const SCRIPT = fileURLToPath(new URL("../../ansible/roles/merotee/files/calimero-data", import.meta.url));
const DISK_BYTES = 16 * 1024 * 1024;

/**
 * Attaches the disk, mounts it as its attacker would to put things on it, detaches; then mounts it as a node does at boot, and looks. The
 * image's users are not the machine's: they are there in this namespace only.
 */
const DRIVER = `
set -u
printf 'root:x:0:0::/root:/bin/sh\\nmerod:x:990:990::/nonexistent:/usr/sbin/nologin\\n' >"$work/passwd"
printf 'root:x:0:\\nmerod:x:990:\\n' >"$work/group"
mount --bind "$work/passwd" /etc/passwd && mount --bind "$work/group" /etc/group || exit 90
device=$(losetup --find --show "$work/disk") || exit 91
trap 'umount "$work/mnt" 2>/dev/null; losetup --detach "$device"' EXIT
if [[ -n $prepare ]]; then
  mount -t ext4 "$device" "$work/mnt" || exit 92
  (cd "$work/mnt" && eval "$prepare") || exit 93
  umount "$work/mnt" || exit 94
fi
bash "$script" "$device" "$work/mnt" 0 2>"$work/log"
ended=$?
sed -i "s|$device|DEVICE|" "$work/log"
(cd "$work/mnt" && eval "$look") 2>&1
exit "$ended"
`;

const mayMount = await (async (): Promise<boolean> => {
  if (process.getuid?.() !== 0) {
    process.stderr.write("skipped: tests with real data disks, which take root; run: sudo … image:test --level unit\n");
    return false;
  }
  const programs = [await debianProgram("unshare", "util-linux"), await debianProgram("mkfs.ext4", "e2fsprogs")];
  return programs.every((program) => program !== null);
})();

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), "data-disk-"));
  await mkdir(join(work, "mnt"));
  await writeFile(join(work, "disk"), "");
  await truncate(join(work, "disk"), DISK_BYTES);
});
afterEach(async () => {
  await rm(work, { recursive: true });
});

/** Boots with the disk. */
async function boot({ prepare = "", look = "true" }: { readonly prepare?: string; readonly look?: string } = {}) {
  const { exitCode, stdout } = await execa("unshare", ["--mount", "--propagation", "private", "bash", "-c", DRIVER], {
    reject: false,
    env: { work, prepare, look, script: SCRIPT, LC_ALL: "C" },
  });
  return { exitCode, log: (await readFile(join(work, "log"), "utf8")).trimEnd(), seen: stdout };
}

/** Makes a file system on the disk. */
async function format(...options: readonly string[]): Promise<void> {
  await execa("mkfs.ext4", ["-q", "-F", ...options, join(work, "disk")]);
}

/** Writes bytes on the disk. */
async function overwrite(at: number, bytes: Uint8Array): Promise<void> {
  const file = await open(join(work, "disk"), "r+");
  await file.write(bytes, 0, bytes.length, at);
  await file.close();
}

/** Where ext4 has its superblock, its count of blocks and its checksum. Source: Linux, Documentation/filesystems/ext4/super.rst. */
const SUPERBLOCK = 1024;
const BLOCKS_COUNT = SUPERBLOCK + 0x4;
const OPTIONS = "nosuid,nodev,noexec";

describe.skipIf(!mayMount)("a data disk", () => {
  test("that is blank gets a file system, which only merod may enter", async () => {
    expect(
      await boot({ look: 'stat --format="%F %a %u:%g" .; findmnt --noheadings --output=FSTYPE --target .' }),
    ).toEqual({
      exitCode: 0,
      log: "calimero-data: OK DEVICE (made)",
      seen: "directory 700 990:990\next4",
    });
    expect(await boot()).toMatchObject({ exitCode: 0, log: "calimero-data: OK DEVICE" });
  });

  test("keeps what a node stored", async () => {
    await format();
    const told = await boot({ prepare: "echo kept >file", look: "cat file" });
    expect(told).toEqual({ exitCode: 0, log: "calimero-data: OK DEVICE", seen: "kept" });
  });

  test.each([
    {
      name: "a symbolic link",
      prepare: "ln -s /etc/shadow identity.toml",
      look: "cat identity.toml",
      refused: "Too many levels",
    },
    {
      name: "a link in place of a folder",
      prepare: "ln -s /etc data",
      look: "cat data/passwd",
      refused: "Too many levels",
    },
    {
      name: "a folder's link, to be written",
      prepare: "ln -s /tmp data",
      look: "echo x >data/owned",
      refused: "Too many levels",
    },
    {
      name: "a program",
      prepare: "cp /bin/true tool && chmod 4755 tool",
      look: "./tool",
      refused: "Permission denied",
    },
    {
      name: "a device",
      prepare: "mknod mem c 1 1 && chmod 666 mem",
      look: "head -c 1 mem",
      refused: "Permission denied",
    },
    { name: "a disk's device", prepare: "mknod disk b 254 0", look: "head -c 1 disk", refused: "Permission denied" },
  ])("with $name on it is mounted, and that is dead", async ({ prepare, look, refused }) => {
    await format();
    const { exitCode, seen } = await boot({
      prepare,
      look: `${look}; findmnt --noheadings --output=OPTIONS --target .`,
    });
    expect(exitCode).toBe(0);
    expect(seen).toContain(refused);
    expect(seen).toContain(`rw,${OPTIONS},relatime,nosymfollow`);
  });

  test("with options of its own is mounted with those of the image", async () => {
    await format();
    await execa("tune2fs", ["-e", "panic", "-E", "mount_opts=errors=panic", join(work, "disk")]);
    const { exitCode, seen } = await boot({ look: "findmnt --noheadings --output=OPTIONS --target ." });
    expect(exitCode).toBe(0);
    expect(seen).toContain(OPTIONS);
    expect(seen).not.toContain("panic");
  });

  test("that belongs to others is merod's from here on", async () => {
    await format();
    const { exitCode, seen } = await boot({
      prepare: "chown 1000:1000 . && chmod 0777 .",
      look: 'stat --format="%a %u:%g" .',
    });
    expect({ exitCode, seen }).toEqual({ exitCode: 0, seen: "700 990:990" });
  });

  test("that cannot become merod's is refused", async () => {
    await format();
    const { exitCode, log } = await boot({ prepare: "chattr +i ." });
    expect(exitCode).toBe(1);
    expect(log).toContain("calimero-data: FAILED the data disk is not writable");
  });

  test.each([
    { name: "whose superblock was changed", at: SUPERBLOCK + 0x10, bytes: Buffer.alloc(8, 0xff) },
    { name: "that says it is larger than its device", at: BLOCKS_COUNT, bytes: Buffer.from("ffffff7f", "hex") },
    { name: "with another magic number", at: SUPERBLOCK + 0x38, bytes: Buffer.from("cafe", "hex") },
    { name: "with features that nobody knows", at: SUPERBLOCK + 0x60, bytes: Buffer.alloc(4, 0xff) },
    { name: "whose table of inodes is noise", at: 2048, bytes: Buffer.alloc(1024 * 1024, 0xa5) },
  ])("$name is refused", async ({ at, bytes }) => {
    // Without checksums the attacker need not forge them.
    await format("-O", "^metadata_csum,^has_journal");
    await overwrite(at, bytes);
    const { exitCode, log, seen } = await boot({ look: "findmnt --noheadings --output=FSTYPE --mountpoint ." });
    expect({ exitCode, seen }).toEqual({ exitCode: 1, seen: "" });
    expect(log).toContain("calimero-data: FAILED the data disk cannot be mounted");
  });

  test.each([
    {
      name: "an encrypted volume whose header the host made",
      at: 0,
      bytes: Buffer.from("LUKS\xba\xbe\x00\x02", "latin1"),
    },
    { name: "XFS", at: 0, bytes: Buffer.from("XFSB") },
    { name: "btrfs", at: 65_600, bytes: Buffer.from("_BHRfS_M") },
    { name: "erofs", at: 1024, bytes: Buffer.from("e2e1f5e0", "hex") },
    { name: "a partition table", at: 510, bytes: Buffer.from("55aa", "hex") },
    { name: "noise", at: 0, bytes: Buffer.alloc(DISK_BYTES, 0x5a) },
  ])("with $name on it is refused, and not overwritten", async ({ at, bytes }) => {
    await overwrite(at, bytes);
    const { exitCode, log } = await boot();
    expect(exitCode).toBe(1);
    expect(log).toContain("calimero-data: FAILED the data disk cannot be mounted");
    expect((await readFile(join(work, "disk"))).subarray(at, at + bytes.length).equals(bytes)).toBe(true);
  });

  test("that is too small for a file system is refused", async () => {
    await truncate(join(work, "disk"), 4096);
    const { exitCode, log } = await boot();
    expect(exitCode).toBe(1);
    expect(log).toContain("FAILED");
  });
});
