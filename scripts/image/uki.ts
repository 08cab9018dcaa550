import { readFile, stat, writeFile } from "node:fs/promises";
import { execa } from "execa";
import { alignUp, clampPe, sectionSpace } from "./pe-clamp.ts";

/** Files that a unified kernel image is made of. */
export interface UkiParts {
  /** systemd's `linuxx64.efi.stub`. */
  readonly stub: string;
  readonly osrel: string;
  readonly cmdline: string;
  readonly uname: string;
  readonly initrd: string;
  readonly linux: string;
}

/** The order in which sections are loaded; the kernel comes last, where it may grow when it unpacks itself. */
const ORDER = ["osrel", "cmdline", "uname", "initrd", "linux"] as const;

/**
 * Makes a unified kernel image, the same bytes from the same files.
 *
 * Source: UAPI group, Unified Kernel Image specification.
 */
export async function buildUki(parts: UkiParts, target: string): Promise<void> {
  const { base, free, alignment } = sectionSpace(await readFile(parts.stub));
  const sections: string[] = [];
  let at = free;
  for (const name of ORDER) {
    sections.push("--add-section", `.${name}=${parts[name]}`);
    sections.push("--set-section-flags", `.${name}=data,readonly`);
    sections.push("--change-section-vma", `.${name}=0x${(base + at).toString(16)}`);
    at = alignUp(at + (await stat(parts[name])).size, alignment);
  }
  await execa("objcopy", [...sections, parts.stub, target]);
  const uki = await readFile(target);
  clampPe(uki);
  await writeFile(target, uki);
}
