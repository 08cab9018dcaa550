import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";

import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";

/** The name that stands for standard input wherever a FILE is expected. */
const STANDARD_INPUT = "-";

/** How a file is written: `secret` is readable by its owner only and never replaces a file that is there. */
export type WriteKind = "secret" | "document";

/** Files and standard input, read whole and bounded. */
export interface FileStore {
  /**
   * Reads a file, or standard input for `-`, which can be read once.
   *
   * Errors: `file-missing`, `file-unreadable`, `input-too-large` (more than `maxBytes`), `usage-invalid` (`-` twice).
   */
  read(path: string, maxBytes: number): Promise<Result<Uint8Array<ArrayBuffer>, CliFailure>>;
  /** Writes a file. Errors: `file-unwritable`. */
  write(path: string, text: string, kind: WriteKind): Promise<Result<null, CliFailure>>;
}

/** The file store of the real machine. */
export function createFileStore(standardInput: AsyncIterable<Uint8Array>): FileStore {
  let standardInputTaken = false;
  return {
    async read(path, maxBytes) {
      if (path !== STANDARD_INPUT) return await readFrom(path, () => createReadStream(path), maxBytes);
      if (standardInputTaken) {
        return err(cliFailure("usage-invalid", "Only one argument can be `-`: standard input is read once."));
      }
      standardInputTaken = true;
      return await readFrom("standard input", () => standardInput, maxBytes);
    },
    async write(path, text, kind) {
      try {
        // A key must not land in a file that others can already read, so it only ever goes into a new one.
        await writeFile(path, text, kind === "secret" ? { mode: 0o600, flag: "wx" } : {});
        return ok(null);
      } catch (error) {
        return err(cliFailure("file-unwritable", `Cannot write ${path}: ${reasonOf(error)}.`));
      }
    },
  };
}

async function readFrom(
  name: string,
  open: () => AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Result<Uint8Array<ArrayBuffer>, CliFailure>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of open()) {
      size += chunk.length;
      if (size > maxBytes) {
        return err(cliFailure("input-too-large", `${capital(name)} is larger than ${maxBytes} bytes.`));
      }
      chunks.push(chunk);
    }
  } catch (error) {
    const reason = errorCodeOf(error);
    if (reason === "ENOENT" || reason === "ENOTDIR")
      return err(cliFailure("file-missing", `There is no file ${name}.`));
    return err(cliFailure("file-unreadable", `Cannot read ${name}: ${reasonOf(error)}.`));
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return ok(bytes);
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "it exists already, and a key never replaces a file",
  EISDIR: "it is a directory",
  ENOENT: "its directory does not exist",
  ENOSPC: "no space left on the device",
  EROFS: "the file system is read-only",
};

function errorCodeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown error";
}

function reasonOf(error: unknown): string {
  const code = errorCodeOf(error);
  return REASONS[code] ?? code;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
