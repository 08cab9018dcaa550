import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { flipBit } from "../flip-bit.ts";
import { buildDisk } from "../node-disk.ts";
import { sealRoot, type SealedRoot } from "../root-file-system.ts";

const SECTOR = 512;

/** The parts of a node image's disk, each in a file of its own. */
export interface DiskParts extends SealedRoot {
  readonly uki: string;
  readonly commandLine: string;
  /** Where the root file system begins on the disk, in bytes. */
  readonly rootOffset: number;
}

interface Placed {
  readonly offset: number;
  readonly size: number;
}

/** Where the partitions of a disk are, in bytes, in their order. */
async function partitions(disk: string): Promise<readonly Placed[]> {
  const { stdout } = await execa("sfdisk", ["--json", disk]);
  const read: { readonly partitiontable: { readonly partitions: readonly { start: number; size: number }[] } } =
    JSON.parse(stdout);
  return read.partitiontable.partitions.map(({ start, size }) => ({ offset: start * SECTOR, size: size * SECTOR }));
}

async function copyOut(disk: string, { offset, size }: Placed, target: string): Promise<void> {
  const [from, count] = [`skip=${offset}`, `count=${size}`];
  await execa("dd", [
    `if=${disk}`,
    `of=${target}`,
    "bs=1M",
    "iflag=skip_bytes,count_bytes",
    from,
    count,
    "status=none",
  ]);
}

async function sectionOf(uki: string, name: string): Promise<string> {
  const target = `${uki}${name}`;
  await execa("objcopy", ["-O", "binary", "--dump-section", `${name}=${target}`, uki, "/dev/null"]);
  const text = await readFile(target, "utf8");
  await rm(target);
  return text;
}

/** Takes a disk apart. */
export async function takeApart(disk: string, folder: string): Promise<DiskParts> {
  const [esp, root, hashes] = await partitions(disk);
  if (esp === undefined || root === undefined || hashes === undefined)
    throw new Error(`${disk} has no three partitions`);
  const parts = {
    data: join(folder, "root.erofs"),
    hashes: join(folder, "root.verity"),
    uki: join(folder, "node.efi"),
  };
  await copyOut(disk, root, parts.data);
  await copyOut(disk, hashes, parts.hashes);
  await rm(parts.uki, { force: true });
  await execa("mcopy", ["-i", `${disk}@@${esp.offset}`, "::/EFI/BOOT/BOOTX64.EFI", parts.uki]);
  const commandLine = (await sectionOf(parts.uki, ".cmdline")).replaceAll("\0", "");
  const rootHash = /calimero\.root_hash=([0-9a-f]{64})$/.exec(commandLine)?.[1];
  if (rootHash === undefined) throw new Error(`${disk} names no root hash: ${commandLine}`);
  return { ...parts, rootHash, commandLine, rootOffset: root.offset };
}

/** A disk like another one, with another command line of the same length, whose partitions have the names that the command line asks for. */
export async function withCommandLine(parts: DiskParts, line: string, epoch: number, target: string): Promise<void> {
  // The section keeps the size that the stub reads.
  if (line.length !== parts.commandLine.length) throw new Error("the command line would not fit its section");
  const [text, uki] = [`${target}.cmdline`, `${target}.efi`];
  await writeFile(text, line);
  await execa("objcopy", ["--update-section", `.cmdline=${text}`, parts.uki, uki]);
  const named = /calimero\.root_hash=([0-9a-f]{64})/.exec(line)?.[1] ?? parts.rootHash;
  await buildDisk({ ...parts, rootHash: named }, uki, epoch, target);
  for (const path of [text, uki]) await rm(path);
}

/** A disk like another one with one bit flipped. */
export async function withBitFlipped(disk: string, at: number, target: string): Promise<void> {
  await copyFile(disk, target);
  await flipBit(target, at);
}

/** A disk like another one after a change of its files; verified like any other, under a root hash of its own. */
export async function withFiles(
  parts: DiskParts,
  change: (tree: string) => Promise<void>,
  epoch: number,
  target: string,
): Promise<DiskParts> {
  const tree = `${target}.tree`;
  try {
    await execa("fsck.erofs", [`--extract=${tree}`, "--overwrite", parts.data]);
    await change(tree);
    const root = await sealRoot(tree, epoch, target);
    const line = parts.commandLine.replace(parts.rootHash, root.rootHash);
    const changed = { ...parts, ...root, commandLine: line };
    await withCommandLine(changed, line, epoch, target);
    return changed;
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}
