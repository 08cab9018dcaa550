import { quoteForeignText } from "@mero-tee/policy";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { sha256 } from "@noble/hashes/sha2.js";

/** A file inside an archive. */
export interface ArchiveMember {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
  /** The bytes of a file that is short enough to be looked at; null otherwise. */
  readonly content: Uint8Array | null;
}

/** Why an archive is refused. */
export interface ArchiveError {
  readonly code: "archive-malformed";
  readonly reason: string;
}

const BLOCK = 512;
/** Most zeros behind the last member; tar pads to records of 10 KiB by default. */
const MAX_PADDING = 1024 * 1024;
const MAX_MEMBERS = 20_000;
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024 * 1024;
/** Files up to this size are kept for comparison. */
const KEPT_BYTES = 64 * 1024;

/**
 * Looks through a gzipped tar archive without unpacking it, in bounded memory.
 *
 * Only files and directories may be in it, and no name may lead out of the directory that it is unpacked into: absolute
 * names, `..`, backslashes, links and devices refuse the archive, as does a name twice.
 *
 * Errors: `archive-malformed`. What `chunks` throws passes through.
 * Source: POSIX pax Interchange Format; GNU tar; docs/releases.md, rule AS-07.
 */
export async function readArchive(
  chunks: AsyncIterable<Uint8Array>,
): Promise<Result<readonly ArchiveMember[], ArchiveError>> {
  const source = new ByteSource(gunzip(chunks));
  try {
    return ok(await readMembers(source));
  } catch (error) {
    if (error instanceof RefusedArchive) return err({ code: "archive-malformed", reason: error.message });
    // A broken gzip stream is a TypeError of the stream standard; anything else came from the reader of the file.
    if (error instanceof TypeError) return err({ code: "archive-malformed", reason: "not a gzip stream" });
    throw error;
  } finally {
    await source.close();
  }
}

class RefusedArchive extends Error {}

async function readMembers(source: ByteSource): Promise<readonly ArchiveMember[]> {
  const members = new Map<string, ArchiveMember>();
  let longName: string | null = null;
  let unpacked = 0;
  for (let count = 0; ; count += 1) {
    const header = await source.take(BLOCK);
    if (header.every((byte) => byte === 0)) {
      await source.expectPadding();
      break;
    }
    if (count > MAX_MEMBERS) throw new RefusedArchive(`more than ${MAX_MEMBERS} entries`);
    const { name, size, type } = parseHeader(header);
    unpacked += size;
    if (unpacked > MAX_UNPACKED_BYTES) throw new RefusedArchive(`more than ${MAX_UNPACKED_BYTES} bytes unpacked`);
    const isExtension = type === "x" || type === "g" || type === "L";
    if (isExtension && size > KEPT_BYTES) throw new RefusedArchive("an extended header that is too long");
    const { digest, content } = await source.digest(size);
    await source.take((BLOCK - (size % BLOCK)) % BLOCK);
    if (isExtension) {
      longName = extendedName(type, content ?? new Uint8Array(0)) ?? longName;
      continue;
    }
    const path = longName ?? name;
    longName = null;
    if (type === "5") refuseUnsafe(path.replace(/\/$/, "").replace(/^\.$/, "directory"));
    else if (type !== "0" && type !== "\0")
      throw new RefusedArchive(`${quoteForeignText(path)} is neither file nor directory`);
    else {
      const file = path.replace(/^\.\//, "");
      refuseUnsafe(file);
      if (members.has(file)) throw new RefusedArchive(`${quoteForeignText(file)} is in it twice`);
      members.set(file, { name: file, size, sha256: digest, content });
    }
  }
  return [...members.values()];
}

function refuseUnsafe(path: string): void {
  const plain = path.replace(/^\.\//, "");
  const isSafe =
    plain !== "" &&
    !/[\\\p{Cc}]/u.test(plain) &&
    plain.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!isSafe) throw new RefusedArchive(`${quoteForeignText(path)} leads out of the archive's directory`);
}

/** Offsets of a header block. Source: POSIX ustar Interchange Format. */
const FIELD = {
  name: [0, 100],
  size: [124, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 5],
  prefix: [345, 155],
} as const;

function parseHeader(header: Uint8Array): { readonly name: string; readonly size: number; readonly type: string } {
  const field = ([offset, length]: readonly [number, number]): string => {
    const bytes = header.subarray(offset, offset + length);
    const end = bytes.indexOf(0);
    return decodeName(end === -1 ? bytes : bytes.subarray(0, end));
  };
  const blank = header.map((byte, at) => (at >= 148 && at < 156 ? 0x20 : byte));
  const size = octal(field(FIELD.size));
  if (octal(field(FIELD.checksum)) !== blank.reduce((sum, byte) => sum + byte, 0) || Number.isNaN(size)) {
    throw new RefusedArchive("a header that is not tar's");
  }
  const prefix = field(FIELD.magic) === "ustar" && header[262] === 0 ? field(FIELD.prefix) : "";
  const name = field(FIELD.name);
  return { name: prefix === "" ? name : `${prefix}/${name}`, size, type: String.fromCharCode(header[156] ?? 0) };
}

/** A number field; NaN where it is none. */
function octal(text: string): number {
  return /^ *[0-7]{1,11} *$/.test(text) ? parseInt(text.trim(), 8) : Number.NaN;
}

/** The name that an extended header gives to the next entry; null where it gives none. */
function extendedName(type: string, content: Uint8Array): string | null {
  const text = decodeName(content);
  if (type === "L") return text.replace(/\0$/, "");
  const path = /(?:^|\n)\d+ path=(?<path>[^\n]*)\n/.exec(text)?.groups?.["path"] ?? null;
  if (/(?:^|\n)\d+ (?:size|linkpath)=/.test(text))
    throw new RefusedArchive("an extended header that changes sizes or links");
  if (type === "g" && path !== null) throw new RefusedArchive("one name for all entries");
  return path;
}

function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new RefusedArchive("a name that is not UTF-8");
  }
}

function gunzip(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  const compressed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  return compressed.pipeThrough(new DecompressionStream("gzip"));
}

/** Takes a stream apart into pieces of the length that is asked for. */
class ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #pending: Uint8Array = new Uint8Array(0);

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** Exactly so many bytes. */
  async take(length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = await this.#piece(length - filled);
      bytes.set(piece, filled);
      filled += piece.length;
    }
    return bytes;
  }

  /** The digest of so many bytes, and the bytes themselves if they are few. */
  async digest(length: number): Promise<{ readonly digest: string; readonly content: Uint8Array | null }> {
    if (length <= KEPT_BYTES) {
      const content = await this.take(length);
      return { digest: toHex(sha256(content)), content };
    }
    const hash = sha256.create();
    for (let left = length; left > 0;) {
      const piece = await this.#piece(left);
      hash.update(piece);
      left -= piece.length;
    }
    return { digest: toHex(hash.digest()), content: null };
  }

  /** Nothing but zeros up to the end, and the end of the gzip stream: what follows, others might read as more members. */
  async expectPadding(): Promise<void> {
    for (let length = 0; ;) {
      const { done, value } = await this.#reader.read();
      const rest = done ? this.#pending : value;
      length += rest.length;
      if (rest.some((byte) => byte !== 0) || length > MAX_PADDING)
        throw new RefusedArchive("something follows its end");
      if (done) return;
    }
  }

  async close(): Promise<void> {
    // What is left of the archive is of no interest, nor whether letting go of it works.
    await this.#reader.cancel().catch(() => undefined);
  }

  async #piece(atMost: number): Promise<Uint8Array> {
    while (this.#pending.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) throw new RefusedArchive("it ends too early");
      this.#pending = value;
    }
    const piece = this.#pending.subarray(0, atMost);
    this.#pending = this.#pending.subarray(piece.length);
    return piece;
  }
}
