import { err, ok } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../src/cli-failure.ts";
import type { FileStore, WriteKind } from "../src/file-store.ts";

/** A file that was written, and how. */
export interface WrittenFile {
  readonly text: string;
  readonly kind: WriteKind;
}

/** A file store in memory. `-` is a file like any other here. */
export function memoryFiles(
  contents: Readonly<Record<string, string | Uint8Array>>,
): FileStore & { readonly written: Map<string, WrittenFile> } {
  const written = new Map<string, WrittenFile>();
  return {
    written,
    async read(path, maxBytes) {
      const content = contents[path];
      if (content === undefined)
        return await Promise.resolve(err(cliFailure("file-missing", `There is no file ${path}.`)));
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
      return bytes.length > maxBytes ? err(cliFailure("input-too-large", `${path} is too large.`)) : ok(bytes);
    },
    async write(path, text, kind) {
      written.set(path, { text, kind });
      return await Promise.resolve(ok(null));
    },
  };
}
