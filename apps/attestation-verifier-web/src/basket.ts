import { TEXT } from "./messages.ts";
import type { GivenFile } from "./worker/protocol.ts";

/** Above it nothing is read: an attestation has some 50 KB, an evidence file some 300. */
export const FILE_LIMIT_BYTES: number = 8 * 1024 * 1024;
const COUNT_LIMIT = 32;

/** The files and pasted texts that the reader gave, whichever screen they were dropped on. */
export interface Basket {
  readonly files: readonly GivenFile[];
  /** What was not taken, one sentence each. */
  readonly refusals: readonly string[];
}

export const EMPTY_BASKET: Basket = { files: [], refusals: [] };

/** A file as browsers give it. */
export interface OfferedFile {
  readonly name: string;
  readonly size: number;
  readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

/** Takes files that are not too large and can be read; the size is looked at before anything is read. */
export async function addFiles(basket: Basket, offered: readonly OfferedFile[]): Promise<Basket> {
  const files = [...basket.files];
  const refusals: string[] = [];
  for (const file of offered) {
    if (files.length >= COUNT_LIMIT) {
      refusals.push(TEXT.input.tooMany);
      break;
    }
    if (file.size > FILE_LIMIT_BYTES) {
      refusals.push(TEXT.input.tooLarge(file.name, file.size));
      continue;
    }
    try {
      files.push({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) });
    } catch {
      // A folder, or a file that is gone; the browser says no more.
      refusals.push(TEXT.input.directory(file.name));
    }
  }
  return { files, refusals };
}

/** Takes a pasted text as if it were a file. */
export async function addText(basket: Basket, name: string, text: string): Promise<Basket> {
  const blob = new Blob([text]);
  return await addFiles(basket, [{ name, size: blob.size, arrayBuffer: async () => await blob.arrayBuffer() }]);
}

/** Takes one away. */
export function removeFile(basket: Basket, file: GivenFile): Basket {
  return { files: basket.files.filter((held) => held !== file), refusals: [] };
}
