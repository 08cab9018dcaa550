import { sha384 } from "@noble/hashes/sha2.js";
import { nodeRtmr3, type NodeRtmr3, type Profile } from "@mero-tee/policy";
import type { EventLog } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import type { ByteSource } from "./byte-source.ts";
import { refuseImage, type ImageError } from "./image-error.ts";
import { readNodeDisk, type NodeDisk } from "./node-disk.ts";
import { predictRegisters } from "./predict-registers.ts";
import { measureUki, type UkiMeasurement } from "./uki.ts";

/** What an image must measure as, from its bytes alone. */
export interface ImageMeasurement {
  readonly profile: Profile;
  /** dm-verity root hash, 64 lower-case hex digits. */
  readonly rootHash: string;
  readonly rtmr3: NodeRtmr3;
  readonly uki: Omit<UkiMeasurement, "commandLine">;
  /** SHA-384 of the GPT event's data; null where only a UKI was measured. */
  readonly gptDigest: string | null;
  /** Null without a template (and RTMR1 also without a disk). MRTD and RTMR0 are the machine's, so a probe says them. */
  readonly rtmr1: string | null;
  readonly rtmr2: string | null;
}

/** What the measuring is told besides the image. */
export interface MeasureImageOptions {
  /** The profile that the image is believed to have; another one is refused. */
  readonly profile: Profile;
  /** Event log of a VM of the same machine type. */
  readonly template?: EventLog;
}

/** A GUID of 16 bytes of the root hash. Source: UAPI group, Discoverable Partitions specification, "Verity". */
function guidOf(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The initrd finds its partitions by these GUIDs, so a disk with others would not boot what its command line names. */
function partitionProblem(disk: NodeDisk, rootHash: string): Result<null, ImageError> {
  const expected = [guidOf(rootHash.slice(0, 32)), guidOf(rootHash.slice(32))];
  if (disk.rootGuid === expected[0] && disk.verityGuid === expected[1]) return ok(null);
  return refuseImage(
    "root-partition-mismatch",
    "the partitions' GUIDs are not those of the root hash on the command line",
  );
}

function measure(
  bytes: Uint8Array,
  disk: NodeDisk | null,
  options: MeasureImageOptions,
): Result<ImageMeasurement, ImageError> {
  const measured = measureUki(bytes);
  if (!measured.ok) return measured;
  const { commandLine, ...uki } = measured.value;
  const { profile, rootHash } = commandLine;
  if (profile !== options.profile) {
    return refuseImage("profile-mismatch", `the image has the profile ${profile}, not ${options.profile}`);
  }
  const partitions = disk === null ? ok(null) : partitionProblem(disk, rootHash);
  if (!partitions.ok) return partitions;
  const rtmr3 = nodeRtmr3(commandLine);
  if (!rtmr3.ok) throw new Error("a parsed root hash has 64 digits");
  const gptDigest = disk === null ? null : toHex(sha384(disk.gptEvent));
  const boot = { uki: measured.value, gptDigest };
  const registers =
    options.template === undefined ? ok({ rtmr1: null, rtmr2: null }) : predictRegisters(options.template, boot);
  if (!registers.ok) return registers;
  return ok({ profile, rootHash, rtmr3: rtmr3.value, uki, gptDigest, ...registers.value });
}

/**
 * Measures a UKI without its disk.
 *
 * Errors: those of `measureUki`, `profile-mismatch`, and with a template those of `predictRegisters`.
 */
export function measureUkiImage(uki: Uint8Array, options: MeasureImageOptions): Result<ImageMeasurement, ImageError> {
  return measure(uki, null, options);
}

/**
 * Measures the disk of a node image.
 *
 * Errors: those of `readNodeDisk` and of {@link measureUkiImage}, `root-partition-mismatch`.
 */
export async function measureDiskImage(
  disk: ByteSource,
  options: MeasureImageOptions,
): Promise<Result<ImageMeasurement, ImageError>> {
  const read = await readNodeDisk(disk);
  return read.ok ? measure(read.value.uki, read.value, options) : read;
}
