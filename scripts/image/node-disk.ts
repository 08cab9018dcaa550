import { createHash } from "node:crypto";
import { open, rm, stat, truncate, utimes } from "node:fs/promises";
import { execa } from "execa";
import { NODE_PARTITIONS } from "../../packages/image-measure/src/index.ts";
import { alignUp } from "./pe-clamp.ts";
import type { SealedRoot } from "./root-file-system.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const SECTOR = 512;
const ESP_BYTES = 128 * MIB;
/** Room for the backup of the partition table at the end. */
const TAIL_BYTES = MIB;

/** A GUID from 32 hex digits. */
function guid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** A GUID that depends on nothing but the root hash and a word. */
function derivedGuid(word: string, rootHash: string): string {
  return guid(createHash("sha256").update(`calimero-${word}:${rootHash}`).digest("hex").slice(0, 32));
}

/** A FAT file system with the one file that firmware boots. */
async function buildEsp(uki: string, epoch: number, target: string): Promise<void> {
  const env = { SOURCE_DATE_EPOCH: String(epoch), MTOOLS_SKIP_CHECK: "1", TZ: "UTC" };
  await rm(target, { force: true });
  await execa("mkfs.vfat", [
    "-C",
    "-F",
    "32",
    "-s",
    "1",
    "-i",
    "ca113e20",
    "--invariant",
    target,
    String(ESP_BYTES / 1024),
  ]);
  await utimes(uki, epoch, epoch);
  await execa("mmd", ["-i", target, "::/EFI", "::/EFI/BOOT"], { env });
  await execa("mcopy", ["-m", "-i", target, uki, "::/EFI/BOOT/BOOTX64.EFI"], { env });
}

/** Copies a file into another one, leaving what is zero as a hole. */
async function copyInto(source: string, target: string, offset: number): Promise<void> {
  await using from = await open(source);
  await using to = await open(target, "r+");
  const block = Buffer.alloc(MIB);
  const zeros = Buffer.alloc(MIB);
  let at = 0;
  for (;;) {
    const { bytesRead } = await from.read(block, 0, MIB, at);
    if (bytesRead === 0) return;
    const part = block.subarray(0, bytesRead);
    if (!part.equals(zeros.subarray(0, bytesRead))) await to.write(part, 0, bytesRead, offset + at);
    at += bytesRead;
  }
}

/**
 * Puts a node image's disk together: a GPT with the boot partition, the root file system and its hash tree, under the GUIDs of the root
 * hash, and of a size in whole GiB.
 *
 * Source: UAPI group, Discoverable Partitions specification, "Verity".
 */
export async function buildDisk(root: SealedRoot, uki: string, epoch: number, target: string): Promise<void> {
  const esp = `${target}.esp`;
  await buildEsp(uki, epoch, esp);
  const { rootHash } = root;
  const [espPartition, rootPartition, hashPartition] = NODE_PARTITIONS;
  const contents = [
    { ...espPartition, file: esp, guid: derivedGuid("esp", rootHash) },
    { ...rootPartition, file: root.data, guid: guid(rootHash.slice(0, 32)) },
    { ...hashPartition, file: root.hashes, guid: guid(rootHash.slice(32)) },
  ];
  let at = MIB;
  const placed = [];
  for (const content of contents) {
    const size = alignUp((await stat(content.file)).size, MIB);
    placed.push({ ...content, offset: at, size });
    at += size;
  }
  await rm(target, { force: true });
  await (await open(target, "w")).close();
  await truncate(target, alignUp(at + TAIL_BYTES, GIB));
  const lines = placed.map(
    ({ offset, size, type, guid: uuid, name }) =>
      `start=${offset / SECTOR}, size=${size / SECTOR}, type=${type}, uuid=${uuid}, name="${name}"`,
  );
  const script = ["label: gpt", `label-id: ${derivedGuid("disk", rootHash)}`, "unit: sectors", ...lines].join("\n");
  await execa("sfdisk", ["--quiet", target], { input: `${script}\n` });
  for (const { file, offset } of placed) await copyInto(file, target, offset);
  await rm(esp);
}
