import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { measureDiskImage, type ImageErrorCode } from "../src/index.ts";
import { diskOf, fatOf, sealGpt } from "./image-writer.ts";
import { BOOT_FILE, goodDisk, partitions, sourceOf, ukiWith } from "./sample-image.ts";

async function verdict(disk: Uint8Array): Promise<ImageErrorCode | "measured"> {
  const result = await measureDiskImage(sourceOf(disk), { profile: "debug" });
  return result.ok ? "measured" : result.error.code;
}

/** A good disk after an edit; checksums fit again unless told otherwise. */
function edited(edit: (disk: Buffer) => void, sealed = true): Buffer {
  const disk = goodDisk();
  edit(disk);
  if (sealed) sealGpt(disk);
  return disk;
}

describe("the disk of a node image", () => {
  test("is measured by its partition table and the file it boots", async () => {
    const disk = goodDisk();
    const result = await measureDiskImage(sourceOf(disk), { profile: "debug" });
    const count = Buffer.alloc(8);
    count.writeBigUInt64LE(3n);
    const event = Buffer.concat([disk.subarray(512, 604), count, disk.subarray(1024, 1024 + 3 * 128)]);
    expect(result).toMatchObject({
      ok: true,
      value: { gptDigest: createHash("sha384").update(event).digest("hex"), rtmr1: null, rtmr2: null },
    });
  });

  test("may have a FAT16 file system to boot from", async () => {
    const [esp, ...others] = partitions();
    if (esp === undefined) throw new Error("no partition");
    expect(await verdict(diskOf([{ ...esp, content: fatOf([BOOT_FILE], 16) }, ...others]))).toBe("measured");
  });

  test.each<{ name: string; disk: () => Uint8Array; code: ImageErrorCode }>([
    { name: "nothing", disk: () => new Uint8Array(100), code: "disk-truncated" },
    { name: "no partition table", disk: () => new Uint8Array(4096), code: "gpt-invalid" },
    { name: "a forged header", disk: () => edited((disk) => disk.writeUInt8(1, 512 + 60), false), code: "gpt-invalid" },
    { name: "a forged entry", disk: () => edited((disk) => disk.writeUInt8(1, 1024 + 60), false), code: "gpt-invalid" },
    {
      name: "a header of another size",
      disk: () => edited((disk) => disk.writeUInt32LE(96, 524)),
      code: "gpt-invalid",
    },
    { name: "a header of another sector", disk: () => edited((disk) => disk.writeUInt8(2, 536)), code: "gpt-invalid" },
    {
      name: "a million entries",
      disk: () =>
        edited((disk) => {
          disk.writeUInt32LE(1_000_000, 592);
          disk.writeUInt32LE(128, 596);
        }),
      code: "gpt-invalid",
    },
    { name: "entries of 256 bytes", disk: () => edited((disk) => disk.writeUInt32LE(256, 596)), code: "gpt-invalid" },
    {
      name: "a table past its end",
      disk: () => edited((disk) => disk.writeUInt32LE(0x7fff_ffff, 584)),
      code: "disk-truncated",
    },
    {
      name: "a partition that leaves it",
      disk: () => goodDisk().subarray(0, -34 * 512 - 4096),
      code: "disk-truncated",
    },
    {
      name: "a fourth partition",
      disk: () => diskOf([...partitions(), ...partitions().slice(1, 2)]),
      code: "partition-unexpected",
    },
    {
      name: "partitions in another order",
      disk: () => diskOf(partitions().toReversed()),
      code: "partition-unexpected",
    },
    { name: "two partitions", disk: () => diskOf(partitions().slice(0, 2)), code: "partition-unexpected" },
    {
      name: "a root partition of another GUID",
      disk: () =>
        diskOf(
          partitions().map((part, index) => (index === 1 ? { ...part, guid: part.guid.replace("4b", "4c") } : part)),
        ),
      code: "root-partition-mismatch",
    },
    {
      name: "a hash tree of another GUID",
      disk: () =>
        diskOf(
          partitions().map((part, index) => (index === 2 ? { ...part, guid: part.guid.replace("f7", "f8") } : part)),
        ),
      code: "root-partition-mismatch",
    },
    { name: "no file to boot", disk: () => diskOf(partitions([])), code: "esp-invalid" },
    {
      name: "a file where a folder must be",
      disk: () => diskOf(partitions([{ path: ["EFI"], content: ukiWith() }])),
      code: "esp-invalid",
    },
    {
      name: "a second file beside the one it boots",
      disk: () => diskOf(partitions([BOOT_FILE, { path: ["EFI", "BOOT", "EVIL.EFI"], content: new Uint8Array(9) }])),
      code: "esp-file-unexpected",
    },
    {
      name: "another folder",
      disk: () => diskOf(partitions([BOOT_FILE, { path: ["LOADER", "ADDON.EFI"], content: new Uint8Array(9) }])),
      code: "esp-file-unexpected",
    },
    {
      name: "no file system to boot from",
      disk: () =>
        diskOf(partitions().map((part, index) => (index === 0 ? { ...part, content: new Uint8Array(8192) } : part))),
      code: "esp-invalid",
    },
  ])("with $name is refused as $code", async ({ disk, code }) => {
    expect(await verdict(disk())).toBe(code);
  });

  test.each([
    { name: "sectors of 4096 bytes", offset: 12, value: 0x10 },
    { name: "no table", offset: 16, value: 0 },
    { name: "clusters of no sector", offset: 13, value: 0 },
    { name: "a root folder outside", offset: 47, value: 0x0f },
    { name: "a table too short", offset: 37, value: 0 },
    { name: "so few sectors that it is FAT12", offset: 33, value: 0 },
  ])("whose file system has $name is refused", async ({ offset, value }) => {
    const disk = goodDisk();
    disk.writeUInt8(value, 64 * 512 + offset);
    if (offset === 33) disk.writeUInt32LE(3000, 64 * 512 + 32);
    expect(await verdict(disk)).toBe("esp-invalid");
  });

  test("whose file runs in a circle is refused", async () => {
    const disk = goodDisk();
    const fat = (64 + 32) * 512;
    const first = 5;
    disk.writeUInt32LE(first, fat + 4 * first);
    expect(await verdict(disk)).toBe("esp-invalid");
  });

  test("whose file claims more bytes than it has is refused", async () => {
    const disk = goodDisk();
    const entry = disk.indexOf("BOOTX64 EFI");
    disk.writeUInt32LE(0x0100_0000, entry + 28);
    expect(await verdict(disk)).toBe("esp-invalid");
  });
});
