import type { ByteSource } from "../src/index.ts";
import { diskOf, fatOf, peOf, type FatFile, type PartitionSource, type SectionSource } from "./image-writer.ts";

export const ROOT_HASH = "4b485463654c432a0c6147e35f2b32e1f7d4822bb6e3a8e7ab5f5dc20df4b414";
export const COMMAND_LINE = `ro panic=-1 calimero.role=node calimero.profile=debug calimero.root_hash=${ROOT_HASH}`;

export const KERNEL: Uint8Array = peOf([{ name: ".text", content: new Uint8Array(1500).fill(7) }]);

export const SECTIONS: Readonly<Record<string, Uint8Array>> = {
  ".text": new Uint8Array(900).fill(1),
  ".osrel": new TextEncoder().encode("ID=calimero\n"),
  ".cmdline": new TextEncoder().encode(COMMAND_LINE),
  ".linux": KERNEL,
  ".initrd": new Uint8Array(3000).fill(9),
  ".sbat": new TextEncoder().encode("sbat,1\n"),
};

function sectionsWith(changes: Readonly<Record<string, Uint8Array | null>>): readonly SectionSource[] {
  return Object.entries({ ...SECTIONS, ...changes }).flatMap(([name, content]) =>
    content === null ? [] : [{ name, content }],
  );
}

/** A UKI with some sections changed, added or (null) left out. */
export function ukiWith(changes: Readonly<Record<string, Uint8Array | null>> = {}): Uint8Array {
  return peOf(sectionsWith(changes));
}

export function ukiWithCommandLine(text: string): Uint8Array {
  return ukiWith({ ".cmdline": new TextEncoder().encode(text) });
}

export const BOOT_FILE: FatFile = { path: ["EFI", "BOOT", "BOOTX64.EFI"], content: ukiWith() };

/** The partitions of a good image. */
export function partitions(files: readonly FatFile[] = [BOOT_FILE]): PartitionSource[] {
  return [
    {
      type: "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
      guid: "00000000-0000-4000-8000-000000000001",
      name: "esp",
      content: fatOf(files),
    },
    {
      type: "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
      guid: "4b485463-654c-432a-0c61-47e35f2b32e1",
      name: "root-x86-64",
      content: new Uint8Array(4096),
    },
    {
      type: "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5",
      guid: "f7d4822b-b6e3-a8e7-ab5f-5dc20df4b414",
      name: "root-x86-64-verity",
      content: new Uint8Array(4096),
    },
  ];
}

export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (offset, length) => await Promise.resolve(bytes.slice(offset, offset + length)),
  };
}

export function goodDisk(): Buffer {
  return diskOf(partitions());
}
