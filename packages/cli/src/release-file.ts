import {
  DOCUMENT_SHAPES,
  type DocumentKind,
  parseDocument,
  type ReleasedDocuments,
  type Shape,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { refusalOfCli, refusalOfRelease, type Refusal } from "./failure-view.ts";
import type { FileStore } from "./file-store.ts";

/** Longest document that is read, in bytes; its own limit is checked by its reader. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/** A document of a release that a command line named. */
export interface ReleaseFile<T> {
  readonly value: T;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Loads a document of one kind. Errors: those of the file, and every problem of the document as `details`. */
export async function loadReleaseFile<K extends DocumentKind>(
  files: FileStore,
  path: string,
  kind: K,
): Promise<Result<ReleaseFile<ReleasedDocuments[K]>, Refusal>> {
  const content = await files.read(path, LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  const shape: Shape<ReleasedDocuments[K]> = DOCUMENT_SHAPES[kind];
  const read = parseDocument(path, content.value, shape);
  if (read.ok) return ok({ value: read.value.value, bytes: content.value });
  const [first, ...others] = read.error.map(refusalOfRelease);
  if (first === undefined) throw new Error("a refusal without a problem");
  const details = others.map(({ view }) => `${view.message}\n`).join("");
  return err(details === "" ? first : { ...first, details });
}
