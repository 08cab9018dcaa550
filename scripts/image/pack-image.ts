import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { buildDisk } from "./node-disk.ts";
import { type SealedRoot, sealRoot } from "./root-file-system.ts";
import { buildUki } from "./uki.ts";

/** What a disk is made of, and where it goes. */
export interface PackRequest {
  /** Finished root file system. */
  readonly tree: string;
  /** systemd's `linuxx64.efi.stub`. */
  readonly stub: string;
  /** Unix seconds that every file gets. */
  readonly epoch: number;
  /** Folder for the disk and for what it is made of; made, or emptied of these. */
  readonly out: string;
}

/** A disk, and what it was made of. */
export interface PackedImage extends SealedRoot {
  readonly disk: string;
  readonly uki: string;
  /** All of it, but for what firmware adds: exactly what the initrd compares. */
  readonly commandLine: string;
  /** Such as `6.16.3+deb13-cloud-amd64`. */
  readonly kernel: string;
}

/** The one kernel of a tree, by the version that its files are named after. */
async function kernelOf(tree: string): Promise<string> {
  const versions = (await readdir(join(tree, "boot")))
    .filter((name) => name.startsWith("vmlinuz-"))
    .map((name) => name.slice("vmlinuz-".length));
  const [version, ...others] = versions;
  if (version === undefined || others.length > 0) {
    throw new Error(`the tree must have one kernel and has ${versions.length}: ${versions.join(", ")}`);
  }
  return version;
}

/** SHA-256 of a file, 64 lower-case hex digits. */
export async function fileSha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest("hex");
}

/**
 * Makes the disk of a node image out of a finished tree: the same bytes from the same tree, and changes nothing in it. Its command line
 * is the tree's own (`/usr/lib/calimero/kernel-command-line`, of which the initrd has a copy) and then the root hash.
 */
export async function packImage({ tree, stub, epoch, out }: PackRequest): Promise<PackedImage> {
  await mkdir(out, { recursive: true });
  const version = await kernelOf(tree);
  const own = (await readFile(join(tree, "usr/lib/calimero/kernel-command-line"), "utf8")).trimEnd();
  const root = await sealRoot(tree, epoch, join(out, "root"));
  const commandLine = `${own} calimero.root_hash=${root.rootHash}`;
  const cmdline = join(out, "command-line");
  const uname = join(out, "uname");
  await writeFile(cmdline, commandLine);
  await writeFile(uname, version);
  const uki = join(out, "node.efi");
  await buildUki(
    {
      stub,
      osrel: join(tree, "usr/lib/os-release"),
      cmdline,
      uname,
      initrd: join(tree, `boot/initrd.img-${version}`),
      linux: join(tree, `boot/vmlinuz-${version}`),
    },
    uki,
  );
  const disk = join(out, "disk.raw");
  await buildDisk(root, uki, epoch, disk);
  for (const path of [cmdline, uname]) await rm(path);
  return { ...root, disk, uki, commandLine, kernel: version };
}
