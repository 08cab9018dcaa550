import { sha384 } from "@noble/hashes/sha2.js";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { ok, type Result } from "@mero-tee/tdx-quote/result";
import { refuseImage, type ImageError } from "./image-error.ts";

/** Offsets from the start of the optional header of a PE32+ file. */
const OPTIONAL = { magic: 0, sizeOfHeaders: 60, checkSum: 64, directoryCount: 108, certificateTable: 144 } as const;
const PE32_PLUS = 0x20b;
const SECTION_BYTES = 40;
const MAX_SECTIONS = 96;

/** A section of a PE file. */
interface PeSection {
  readonly name: string;
  /** What it has in memory: its bytes in the file, cut or filled with zeros to its virtual size. */
  readonly content: Uint8Array;
  /** Where its bytes stand in the file, and how many. */
  readonly fileOffset: number;
  readonly fileSize: number;
}

/** A PE32+ file, as firmware loads it. */
export interface PeFile {
  readonly sections: readonly PeSection[];
  /** SHA-384 over what Authenticode covers, 96 lower-case hex digits: what firmware measures of the file. */
  readonly digest: string;
}

function invalid(detail: string): { readonly ok: false; readonly error: ImageError } {
  return refuseImage("pe-invalid", `the EFI binary: ${detail}`);
}

interface Headers {
  /** Offset of the optional header. */
  readonly optional: number;
  readonly sizeOfHeaders: number;
  readonly certificateSize: number;
  /** Offset of the section table. */
  readonly table: number;
  readonly sectionCount: number;
}

function readHeaders(bytes: Uint8Array, view: DataView): Result<Headers, ImageError> {
  if (bytes.length < 64 || view.getUint16(0, true) !== 0x5a4d) return invalid("no DOS header");
  const coff = view.getUint32(60, true);
  if (coff + 24 > bytes.length || view.getUint32(coff, true) !== 0x4550) return invalid("no PE header");
  const sectionCount = view.getUint16(coff + 6, true);
  const optionalSize = view.getUint16(coff + 20, true);
  const optional = coff + 24;
  const table = optional + optionalSize;
  if (sectionCount > MAX_SECTIONS || table + sectionCount * SECTION_BYTES > bytes.length) {
    return invalid("its section table leaves the file");
  }
  const hasDirectory = optionalSize >= OPTIONAL.certificateTable + 8;
  if (!hasDirectory || view.getUint16(optional + OPTIONAL.magic, true) !== PE32_PLUS) return invalid("not PE32+");
  if (view.getUint32(optional + OPTIONAL.directoryCount, true) < 5) return invalid("no certificate table entry");
  const sizeOfHeaders = view.getUint32(optional + OPTIONAL.sizeOfHeaders, true);
  const certificateSize = view.getUint32(optional + OPTIONAL.certificateTable + 4, true);
  if (sizeOfHeaders < table + sectionCount * SECTION_BYTES || sizeOfHeaders > bytes.length) {
    return invalid("its headers have a wrong size");
  }
  return ok({ optional, sizeOfHeaders, certificateSize, table, sectionCount });
}

function readSections(bytes: Uint8Array, view: DataView, headers: Headers): Result<readonly PeSection[], ImageError> {
  const sections: PeSection[] = [];
  for (let index = 0; index < headers.sectionCount; index += 1) {
    const at = headers.table + index * SECTION_BYTES;
    const virtualSize = view.getUint32(at + 8, true);
    const fileSize = view.getUint32(at + 16, true);
    const fileOffset = view.getUint32(at + 20, true);
    if (fileOffset + fileSize > bytes.length) return invalid("a section leaves the file");
    if (virtualSize > bytes.length && fileSize > 0) return invalid("a section is larger than the file");
    const content = new Uint8Array(fileSize === 0 ? 0 : virtualSize);
    content.set(bytes.subarray(fileOffset, fileOffset + Math.min(fileSize, content.length)));
    const name = new TextDecoder("latin1").decode(bytes.subarray(at, at + 8)).replace(/\0+$/, "");
    sections.push({ name, content, fileOffset, fileSize });
  }
  return ok(sections);
}

/**
 * SHA-384 over all but the checksum, the certificate table's entry and the certificates.
 *
 * Source: Microsoft, "Windows Authenticode Portable Executable Signature Format", "Calculating the PE Image Hash"; EDK II,
 * MeasurePeImageAndExtend.
 */
function authenticodeDigest(
  bytes: Uint8Array,
  { optional, sizeOfHeaders, certificateSize }: Headers,
  sections: readonly PeSection[],
): Result<string, ImageError> {
  const checkSum = optional + OPTIONAL.checkSum;
  const certificateEntry = optional + OPTIONAL.certificateTable;
  const hash = sha384.create();
  hash.update(bytes.subarray(0, checkSum));
  hash.update(bytes.subarray(checkSum + 4, certificateEntry));
  hash.update(bytes.subarray(certificateEntry + 8, sizeOfHeaders));
  const loaded = sections.filter(({ fileSize }) => fileSize > 0).toSorted((a, b) => a.fileOffset - b.fileOffset);
  let hashed = sizeOfHeaders;
  for (const { fileOffset, fileSize } of loaded) {
    hash.update(bytes.subarray(fileOffset, fileOffset + fileSize));
    hashed += fileSize;
  }
  const rest = bytes.length - hashed - certificateSize;
  if (rest < 0) return invalid("its sections overlap");
  hash.update(bytes.subarray(hashed, hashed + rest));
  return ok(toHex(hash.digest()));
}

/**
 * Reads a PE32+ file: its sections and its Authenticode digest.
 *
 * Errors: `pe-invalid`.
 * Source: Microsoft PE/COFF specification.
 */
export function parsePe(bytes: Uint8Array): Result<PeFile, ImageError> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headers = readHeaders(bytes, view);
  if (!headers.ok) return headers;
  const sections = readSections(bytes, view, headers.value);
  if (!sections.ok) return sections;
  const digest = authenticodeDigest(bytes, headers.value, sections.value);
  return digest.ok ? ok({ sections: sections.value, digest: digest.value }) : digest;
}
