import { createReadStream, rmSync } from "node:fs";
import { mkdir, mkdtemp, open as openFile, readdir, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";

import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";

/** The name that stands for standard input wherever a FILE is expected. */
const STANDARD_INPUT = "-";

/** How a file is written: `secret` is readable by its owner only and never replaces a file that is there. */
export type WriteKind = "secret" | "document";

/** The plain files of a directory. */
export interface FileDirectory {
  list(): Promise<readonly { readonly name: string; readonly size: number }[]>;
  open(name: string): AsyncIterable<Uint8Array>;
}

/** What is written: text, bytes, or a stream of them. */
export type FileContent = string | Uint8Array | AsyncIterable<Uint8Array>;

/** A file that is too large to read whole. */
interface RandomAccess {
  readonly size: number;
  /** Reads `length` bytes at `offset`, which lie inside `size`. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>;
}

/** Files and standard input, read whole and bounded. */
export interface FileStore {
  /**
   * Reads a file, or standard input for `-`, which can be read once.
   *
   * Errors: `file-missing`, `file-unreadable`, `input-too-large` (more than `maxBytes`), `usage-invalid` (`-` twice).
   */
  read(path: string, maxBytes: number): Promise<Result<Uint8Array<ArrayBuffer>, CliFailure>>;
  /**
   * Lends a file of any size, open while it is used.
   *
   * Errors: `file-missing`, `file-unreadable`, also where it gets shorter meanwhile.
   */
  withRandomAccess<T>(path: string, use: (file: RandomAccess) => Promise<T>): Promise<Result<T, CliFailure>>;
  /**
   * A directory of plain files, as it is now: what stands in directories below is not in it, links count as what they lead to.
   *
   * Errors: `file-missing`, `file-unreadable`.
   */
  directory(path: string): Promise<Result<FileDirectory, CliFailure>>;
  /**
   * Makes a directory with these files, whole or not at all: they are written beside it first, and take its name at the end.
   *
   * Errors: `file-unwritable`, also where the directory is there already. What the streams throw passes through.
   */
  writeDirectory(path: string, files: ReadonlyMap<string, FileContent>): Promise<Result<null, CliFailure>>;
  /**
   * The same over a directory that is there: the new one is written beside it and takes its place, and what was in it is gone.
   * A run that is interrupted leaves the old one or the new one, never a mixture.
   */
  replaceDirectory(path: string, files: ReadonlyMap<string, FileContent>): Promise<Result<null, CliFailure>>;
  /** Lends a path in a private directory that is removed afterwards, whatever happens; nothing is there yet. */
  withScratch<T>(use: (path: string) => Promise<T>): Promise<T>;
  /** Writes a file. Errors: `file-unwritable`. */
  write(path: string, text: string, kind: WriteKind): Promise<Result<null, CliFailure>>;
}

/** Calls back once when the process is told to end; what it gives stops listening. */
type OnInterrupt = (callback: () => void) => () => void;

/** The exit code of a process that was told to end, as shells count it. */
const INTERRUPTED = 130;

/**
 * The file store of the real machine.
 *
 * @param onInterrupt - what is half written is removed before the process ends, where this says that it must
 */
export function createFileStore(
  standardInput: AsyncIterable<Uint8Array>,
  onInterrupt: OnInterrupt = () => () => undefined,
): FileStore {
  let standardInputTaken = false;
  /** Does work that has this path for itself, which is gone afterwards, however that came. */
  const withTemporary = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
    const settled = onInterrupt(() => {
      rmSync(path, { recursive: true, force: true });
      process.exit(INTERRUPTED);
    });
    try {
      return await work();
    } finally {
      settled();
      await rm(path, { recursive: true, force: true });
    }
  };
  return {
    async read(path, maxBytes) {
      if (path !== STANDARD_INPUT) return await readFrom(path, () => createReadStream(path), maxBytes);
      if (standardInputTaken) {
        return err(cliFailure("usage-invalid", "Only one argument can be `-`: standard input is read once."));
      }
      standardInputTaken = true;
      return await readFrom("standard input", () => standardInput, maxBytes);
    },
    async withRandomAccess(path, use) {
      try {
        await using file = await openFile(path);
        const { size } = await file.stat();
        const read = async (offset: number, length: number): Promise<Uint8Array> => {
          const bytes = new Uint8Array(length);
          const { bytesRead } = await file.read(bytes, 0, length, offset);
          if (bytesRead < length) throw Object.assign(new Error("it got shorter"), { code: "ESHORT" });
          return bytes;
        };
        return ok(await use({ size, read }));
      } catch (error) {
        // Only the disk's errors have codes; what else a user of the file throws is a bug, and stays one.
        if (!(error instanceof Error && "code" in error)) throw error;
        return err(unreadable(path, error));
      }
    },
    async directory(path) {
      try {
        const names = await readdir(path);
        const facts = await Promise.all(names.map(async (name) => ({ name, found: await stat(join(path, name)) })));
        const files = facts.flatMap(({ name, found }) => (found.isFile() ? [{ name, size: found.size }] : []));
        return ok({ list: () => Promise.resolve(files), open: (name) => streamOf(join(path, name)) });
      } catch (error) {
        const reason = errorCodeOf(error);
        return reason === "ENOENT" || reason === "ENOTDIR"
          ? err(cliFailure("file-missing", `There is no directory ${path}.`))
          : err(cliFailure("file-unreadable", `Cannot read ${path}: ${reasonOf(error)}.`));
      }
    },
    writeDirectory: async (path, files) =>
      // A directory takes another's name only if that one is empty, so nothing is ever replaced.
      await writeBeside(path, files, withTemporary, async (staging, target) => await rename(staging, target)),
    replaceDirectory: async (path, files) =>
      await writeBeside(path, files, withTemporary, async (staging, target) => {
        const old = `${staging}-old`;
        await rename(target, old);
        await rename(staging, target);
        await rm(old, { recursive: true, force: true });
      }),
    async withScratch(use) {
      const directory = await mkdtemp(join(tmpdir(), "mero-tee-"));
      return await withTemporary(directory, async () => await use(join(directory, "release")));
    },
    async write(path, text, kind) {
      try {
        // A key must not land in a file that others can already read, so it only ever goes into a new one.
        if (kind === "secret") await writeFile(path, text, { mode: 0o600, flag: "wx" });
        else await writeWhole(path, text, withTemporary);
        return ok(null);
      } catch (error) {
        return err(cliFailure("file-unwritable", `Cannot write ${path}: ${reasonOf(error)}.`));
      }
    },
  };
}

type WithTemporary = <T>(path: string, work: () => Promise<T>) => Promise<T>;

/** Writes files into a new directory beside the one that is meant, and then lets it take its place. */
async function writeBeside(
  path: string,
  files: ReadonlyMap<string, FileContent>,
  withTemporary: WithTemporary,
  takePlace: (staging: string, target: string) => Promise<void>,
): Promise<Result<null, CliFailure>> {
  const target = resolve(path);
  try {
    await mkdir(dirname(target), { recursive: true });
    const staging = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    await withTemporary(staging, async () => {
      for (const [name, content] of files) await writeFile(join(staging, basename(name)), content, { flag: "wx" });
      await takePlace(staging, target);
    });
    return ok(null);
  } catch (error) {
    // What a stream that is being written throws of its own is for its owner to understand.
    if (error instanceof Error && !("code" in error)) throw error;
    return err(cliFailure("file-unwritable", `Cannot write ${path}: ${reasonOf(error)}.`));
  }
}

/** Writes a file that is the old one or the new one at every instant; a terminal or a pipe is simply written to. */
async function writeWhole(path: string, text: string, withTemporary: WithTemporary): Promise<void> {
  // A link stays one: what it leads to is written.
  const target = await realpath(path).catch(() => resolve(path));
  const found = await stat(target).catch(() => null);
  if (found !== null && !found.isFile()) {
    await writeFile(target, text);
    return;
  }
  const staging = join(dirname(target), `.${basename(target)}-${process.pid}`);
  await withTemporary(staging, async () => {
    await writeFile(staging, text, { flag: "wx", ...(found === null ? {} : { mode: found.mode & 0o777 }) });
    await rename(staging, target);
  });
}

/** The bytes of a file; it is opened when somebody asks for the first of them. */
async function* streamOf(path: string): AsyncGenerator<Uint8Array> {
  yield* createReadStream(path);
}

function unreadable(name: string, error: unknown): CliFailure {
  const reason = errorCodeOf(error);
  if (reason === "ENOENT" || reason === "ENOTDIR") return cliFailure("file-missing", `There is no file ${name}.`);
  return cliFailure("file-unreadable", `Cannot read ${name}: ${reasonOf(error)}.`);
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
    return err(unreadable(name, error));
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
  ENOTEMPTY: "the directory is there already",
  EEXIST: "it exists already, and a key never replaces a file",
  ESHORT: "it got shorter while it was read",
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
