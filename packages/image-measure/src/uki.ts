import { sha384 } from "@noble/hashes/sha2.js";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { parseNodeCommandLine, type NodeCommandLine } from "./command-line.ts";
import { refuseImage, type ImageError } from "./image-error.ts";
import { parsePe, type PeFile } from "./pe.ts";

/** Sections that systemd-stub measures, in its order; the first four every image has. */
export const MEASURED_SECTIONS = [".linux", ".osrel", ".cmdline", ".initrd", ".uname", ".sbat"] as const;

/** One of {@link MEASURED_SECTIONS}. */
export type MeasuredSection = (typeof MEASURED_SECTIONS)[number];

const REQUIRED: ReadonlySet<string> = new Set(MEASURED_SECTIONS.slice(0, 4));
/** Sections that a stub acts upon and that our images do not have: each would change what boots. */
const FORBIDDEN: ReadonlySet<string> = new Set([
  ".splash",
  ".dtb",
  ".dtbauto",
  ".hwids",
  ".ucode",
  ".pcrsig",
  ".pcrpkey",
  ".profile",
  ".efifw",
]);

/** A measured section of a unified kernel image. */
interface SectionDigest {
  readonly name: MeasuredSection;
  readonly size: number;
  /** SHA-384 of its content, 96 lower-case hex digits. */
  readonly digest: string;
}

/** What firmware and stub measure of a unified kernel image (UKI). */
export interface UkiMeasurement {
  readonly commandLine: NodeCommandLine;
  /** Authenticode SHA-384 of the whole image. */
  readonly digest: string;
  /** The same of the kernel inside. */
  readonly kernelDigest: string;
  readonly sections: readonly SectionDigest[];
}

function contentsOf(uki: PeFile, name: string): readonly Uint8Array[] {
  return uki.sections.filter((section) => section.name === name).map(({ content }) => content);
}

/**
 * Measures a UKI: what firmware and systemd-stub will, from its bytes alone.
 *
 * Errors: `pe-invalid` (of the image or of the kernel inside), `uki-section-invalid`, those of {@link parseNodeCommandLine}.
 * Source: UAPI group, Unified Kernel Image specification; systemd-stub(7), "TPM PCR notes".
 */
export function measureUki(bytes: Uint8Array): Result<UkiMeasurement, ImageError> {
  const uki = parsePe(bytes);
  if (!uki.ok) return uki;
  const forbidden = uki.value.sections.find(({ name }) => FORBIDDEN.has(name));
  if (forbidden !== undefined) return refuseImage("uki-section-invalid", `the UKI has a section ${forbidden.name}`);
  const contents = new Map<MeasuredSection, Uint8Array>();
  for (const name of MEASURED_SECTIONS) {
    const [content, ...others] = contentsOf(uki.value, name);
    if (others.length > 0 || (content === undefined && REQUIRED.has(name))) {
      return refuseImage("uki-section-invalid", `the UKI must have the section ${name} exactly once`);
    }
    if (content !== undefined) contents.set(name, content);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- required above
  const [linux, cmdline] = [contents.get(".linux"), contents.get(".cmdline")] as [Uint8Array, Uint8Array];
  const commandLine = parseNodeCommandLine(new TextDecoder("latin1").decode(cmdline));
  if (!commandLine.ok) return commandLine;
  const kernel = parsePe(linux);
  if (!kernel.ok) return refuseImage("pe-invalid", `${kernel.error.detail} (the kernel inside the UKI)`);
  return ok({
    commandLine: commandLine.value,
    digest: uki.value.digest,
    kernelDigest: kernel.value.digest,
    sections: Array.from(contents, ([name, content]) => ({
      name,
      size: content.length,
      digest: toHex(sha384(content)),
    })),
  });
}
