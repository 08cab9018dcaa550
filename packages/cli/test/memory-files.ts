import { err, ok } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../src/cli-failure.ts";
import type { FileContent, FileStore, WriteKind } from "../src/file-store.ts";

/** A file that was written, and how. */
export interface WrittenFile {
  readonly text: string;
  readonly kind: WriteKind;
}

function bytesOf(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}

/** A file store in memory. `-` is a file like any other here. */
export function memoryFiles(contents: Readonly<Record<string, string | Uint8Array>>): FileStore & {
  readonly written: Map<string, WrittenFile>;
  readonly directories: Map<string, ReadonlyMap<string, FileContent>>;
} {
  const written = new Map<string, WrittenFile>();
  const directories = new Map<string, ReadonlyMap<string, FileContent>>();
  return {
    written,
    directories,
    async read(path, maxBytes) {
      const content = contents[path];
      if (content === undefined)
        return await Promise.resolve(err(cliFailure("file-missing", `There is no file ${path}.`)));
      const bytes = bytesOf(content);
      return bytes.length > maxBytes ? err(cliFailure("input-too-large", `${path} is too large.`)) : ok(bytes);
    },
    async directory(path) {
      const files = Object.entries(contents).flatMap(([name, content]) =>
        name.startsWith(`${path}/`) ? [[name.slice(path.length + 1), bytesOf(content)] as const] : [],
      );
      if (files.length === 0)
        return await Promise.resolve(err(cliFailure("file-missing", `There is no directory ${path}.`)));
      return ok({
        list: async () => await Promise.resolve(files.map(([name, content]) => ({ name, size: content.length }))),
        async *open(name) {
          await Promise.resolve();
          yield new Map(files).get(name) ?? new Uint8Array(0);
        },
      });
    },
    async withScratch(use) {
      return await use("scratch");
    },
    async withRandomAccess(path, use) {
      const content = await this.read(path, Infinity);
      if (!content.ok) return content;
      const bytes = content.value;
      const read = async (offset: number, length: number): Promise<Uint8Array> =>
        await Promise.resolve(bytes.slice(offset, offset + length));
      return ok(await use({ size: bytes.length, read }));
    },
    async writeDirectory(path, files) {
      for (const [name, content] of files) {
        const chunks: Uint8Array[] = [];
        if (typeof content !== "string" && !(content instanceof Uint8Array)) {
          for await (const chunk of content) chunks.push(chunk);
        }
        written.set(`${path}/${name}`, {
          text: typeof content === "string" ? content : Buffer.concat(chunks).toString(),
          kind: "document",
        });
      }
      directories.set(path, files);
      return await Promise.resolve(ok(null));
    },
    replaceDirectory(path, files) {
      return this.writeDirectory(path, files);
    },
    async write(path, text, kind) {
      written.set(path, { text, kind });
      return await Promise.resolve(ok(null));
    },
  };
}
