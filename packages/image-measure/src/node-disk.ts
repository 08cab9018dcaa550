import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ByteSource } from "./byte-source.ts";
import { openFat, type FatEntry } from "./fat.ts";
import { readPartitionTable, type Partition } from "./gpt.ts";
import { refuseImage, type ImageError } from "./image-error.ts";

/** The partitions of a node image in their order. Source: UAPI group, Discoverable Partitions specification. */
export const NODE_PARTITIONS = [
  { name: "esp", type: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b" },
  { name: "root-x86-64", type: "4f68bce3-e8cd-4db1-96e7-fbcaf984b709" },
  { name: "root-x86-64-verity", type: "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5" },
] as const;

/** Where firmware looks for what to boot. */
const BOOT_PATH = ["EFI", "BOOT", "BOOTX64.EFI"] as const;

/** What of a disk is measured at boot. */
export interface NodeDisk {
  readonly uki: Uint8Array;
  /** Data of `EV_EFI_GPT_EVENT`. */
  readonly gptEvent: Uint8Array;
  /** GUIDs of the root partition and of its hash tree. */
  readonly rootGuid: string;
  readonly verityGuid: string;
}

/** The partition as a source of its own. */
function partitionOf(disk: ByteSource, { offset, size }: Partition): ByteSource {
  return { size, read: (at, length) => disk.read(offset + at, length) };
}

/** The file that firmware boots. It must be alone: what lies beside it, a stub may load. */
async function readBootFile(part: ByteSource): Promise<Result<Uint8Array, ImageError>> {
  const volume = await openFat(part);
  if (!volume.ok) return volume;
  let entries = await volume.value.root();
  let found: FatEntry | undefined;
  for (const [depth, name] of BOOT_PATH.entries()) {
    if (found !== undefined) entries = await volume.value.list(found);
    if (!entries.ok) return entries;
    found = entries.value.find((entry) => entry.name === name);
    const other = entries.value.find((entry) => entry !== found);
    if (other !== undefined) {
      return refuseImage("esp-file-unexpected", `the EFI system partition has ${JSON.stringify(other.name)}`);
    }
    if (found === undefined || found.isDirectory !== depth < BOOT_PATH.length - 1) {
      return refuseImage("esp-invalid", `the EFI system partition has no ${BOOT_PATH.join("\\")}`);
    }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the loop ends with it or returns
  return await volume.value.read(found as FatEntry);
}

/**
 * Reads what of a node image's disk firmware measures: exactly the three partitions in their order, and the one file to boot.
 *
 * Errors: `disk-truncated`, `gpt-invalid`, `partition-unexpected`, `esp-invalid`, `esp-file-unexpected`.
 */
export async function readNodeDisk(disk: ByteSource): Promise<Result<NodeDisk, ImageError>> {
  const table = await readPartitionTable(disk);
  if (!table.ok) return table;
  const { partitions, event } = table.value;
  const [esp, root, verity] = partitions;
  const isOurs = NODE_PARTITIONS.every(({ type, name }, index) => {
    const partition = partitions[index];
    return partition?.type === type && partition.name === name;
  });
  if (!isOurs || partitions.length !== NODE_PARTITIONS.length || !esp || !root || !verity) {
    const names = NODE_PARTITIONS.map(({ name }) => name).join(", ");
    return refuseImage("partition-unexpected", `the disk must have exactly the partitions ${names}`);
  }
  for (const { name, offset, size } of partitions) {
    if (size <= 0 || offset + size > disk.size) {
      return refuseImage("disk-truncated", `the partition ${name} leaves the disk of ${disk.size} bytes`);
    }
  }
  const uki = await readBootFile(partitionOf(disk, esp));
  if (!uki.ok) return uki;
  return ok({ uki: uki.value, gptEvent: event, rootGuid: root.guid, verityGuid: verity.guid });
}
