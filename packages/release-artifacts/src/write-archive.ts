/** A file to put into an archive. */
export interface ArchiveEntry {
  readonly name: string;
  readonly content: Uint8Array;
}

const BLOCK = 512;

/**
 * Writes a gzipped tar archive that depends on nothing but its arguments: names of at most 100 bytes, mode 0644, owner 0.
 *
 * @param modifiedAt - time of every entry, Unix seconds
 * Source: POSIX ustar Interchange Format.
 */
export async function writeArchive(entries: readonly ArchiveEntry[], modifiedAt: number): Promise<Uint8Array> {
  const blocks: Uint8Array<ArrayBuffer>[] = entries.flatMap(({ name, content }) => [
    header(name, content.length, modifiedAt),
    new Uint8Array(content),
    new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK),
  ]);
  const archive = new Blob([...blocks, new Uint8Array(2 * BLOCK)]);
  const packed = archive.stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** A number field: octal digits and a NUL. */
function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}

function header(name: string, size: number, modifiedAt: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(BLOCK);
  const put = (offset: number, text: string): void => bytes.set(new TextEncoder().encode(text), offset);
  put(0, name);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(modifiedAt, 11));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\x0000");
  put(
    148,
    `${bytes
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
  );
  return bytes;
}
