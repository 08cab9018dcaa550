import { execa } from "execa";
import { copyFile, mkdir, open, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

const DISK_BYTES = 32 * 1024 * 1024;
const SECTOR = 512;

/** A disk as whoever runs the host may attach it. */
interface HostDisk {
  /** What the host calls it. */
  readonly name: string;
  readonly path: string;
}

async function blank(path: string): Promise<void> {
  await writeFile(path, "");
  await truncate(path, DISK_BYTES);
}

/** A file system of the kind that the image makes, with all that its maker would like a node to follow, run or read. */
async function hostile(path: string): Promise<void> {
  const folder = `${path}.files`;
  try {
    await mkdir(folder, { mode: 0o755 });
    await symlink("/etc/shadow", join(folder, "identity.toml"));
    await symlink("/etc", join(folder, "etc"));
    await copyFile("/bin/true", join(folder, "tool"));
    await execa("chmod", ["4755", join(folder, "tool")]);
    await execa("mknod", ["-m", "666", join(folder, "memory"), "c", "1", "1"]);
    await blank(path);
    await execa("mkfs.ext4", ["-q", "-F", "-d", folder, path]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A disk that begins with these bytes. */
async function beginning(path: string, bytes: Uint8Array): Promise<void> {
  await blank(path);
  await using file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, 0);
}

/** A header of LUKS 2, which could name a null cipher. */
async function encrypted(path: string): Promise<void> {
  await beginning(path, Buffer.from("LUKS\xba\xbe\x00\x02", "latin1"));
}

/** A file system whose superblock says nothing that holds. */
async function corrupt(path: string): Promise<void> {
  await hostile(path);
  await using file = await open(path, "r+");
  await file.write(Buffer.alloc(8, 0xff), 0, 8, 1024 + 0x10);
}

const CONTENTS = { blank, hostile, encrypted, corrupt } as const;

/** Makes a disk of the host in a folder. */
export async function hostDisk(folder: string, content: keyof typeof CONTENTS, name: string): Promise<HostDisk> {
  const path = join(folder, `host-${content}.raw`);
  await CONTENTS[content](path);
  return { name, path };
}

function drive(id: string, path: string): readonly string[] {
  return ["-drive", `if=none,id=${id},format=raw,snapshot=on,file=${path}`];
}

/** Arguments of QEMU that attach disks over SCSI, as Compute Engine does: each says its name as its serial number. */
export function scsiDisks(disks: readonly HostDisk[]): readonly string[] {
  const each = disks.flatMap(({ name, path }) => [
    ...drive(`scsi-${name}`, path),
    "-device",
    `scsi-hd,bus=scsi.0,drive=scsi-${name},vendor=Google,product=PersistentDisk,serial=${name}`,
  ]);
  return ["-device", "virtio-scsi-pci,id=scsi", ...each];
}

/** Arguments of QEMU that attach a disk over NVMe; QEMU's says no name of Compute Engine. */
export function nvmeDisk({ path }: HostDisk): readonly string[] {
  return [...drive("nvme", path), "-device", "nvme,drive=nvme,serial=host"];
}

/** How many blocks such a disk says that it has. */
export const NVME_BLOCKS: number = DISK_BYTES / SECTOR;
