import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import {
  type AuditEvent,
  type AuditHead,
  createAuditReader,
  describeAuditError,
  makeAuditLine,
} from "@mero-tee/kms-protocol/audit";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** Why a record is not on the disk; a word for the log. */
export interface AuditWriteError {
  readonly reason: string;
}

/** The audit file of this process. */
export interface AuditFile {
  /** Appends a record; resolves once it is on the disk, in the order of the calls. */
  append(event: AuditEvent): Promise<Result<AuditHead, AuditWriteError>>;
  /** Whether the last attempt failed. */
  isBroken(): boolean;
  /** Bytes of an unfinished last line that were found and cut off. */
  readonly discardedBytes: number;
  close(): Promise<void>;
}

interface Waiting {
  readonly event: AuditEvent;
  readonly resolve: (outcome: Result<AuditHead, AuditWriteError>) => void;
}

const READ_BYTES = 65_536;
// What waits for the disk; each is an answer that a node waits for.
const MAX_WAITING = 1_024;

/**
 * Opens an audit file, makes it if it is not there, and verifies its chain from the first record on: a chain that is
 * broken is never continued, since a later reader could not tell our break from anybody's. An unfinished last line is
 * what a crash leaves; no answer left on the strength of it, so it is cut off.
 *
 * @param path - absolute
 * @param now - wall clock, Unix seconds
 * Errors: a sentence that names no content of the file.
 */
export async function openAuditFile(path: string, now: () => number): Promise<Result<AuditFile, string>> {
  let file: FileHandle | null = null;
  try {
    file = await open(path, "a+", 0o600);
    const opened = await continueFile(file, path, now);
    if (!opened.ok) await file.close();
    return opened;
  } catch (error) {
    await file?.close();
    return err(`cannot be used: ${wordOf(error)}`);
  }
}

async function continueFile(file: FileHandle, path: string, now: () => number): Promise<Result<AuditFile, string>> {
  if (!(await file.stat()).isFile()) return err("is not a regular file");
  const reader = createAuditReader();
  const buffer = new Uint8Array(READ_BYTES);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, position);
    if (bytesRead === 0) break;
    position += bytesRead;
    const problem = reader.push(buffer.subarray(0, bytesRead));
    if (problem !== null) return err(`${problem.code}: ${describeAuditError(problem)}`);
  }
  const { head, bytes, tornBytes } = reader.summary();
  if (tornBytes > 0) await file.truncate(bytes);
  await syncFolder(path);
  return ok(createWriter({ file, path, now, head, bytes, discardedBytes: tornBytes }));
}

interface Continued {
  readonly file: FileHandle;
  readonly path: string;
  readonly now: () => number;
  readonly head: AuditHead;
  readonly bytes: number;
  readonly discardedBytes: number;
}

/** Writes what waits in one piece and syncs once for all of it. */
function createWriter({ file, path, now, head: firstHead, bytes, discardedBytes }: Continued): AuditFile {
  let head = firstHead;
  let size = bytes;
  let waiting: Waiting[] = [];
  let isWriting = false;
  let isBroken = false;
  /** Bytes that a write of ours may have left behind its last success. */
  let leftBehind = 0;
  let done: Promise<void> = Promise.resolve();

  /** Refuses to write where it would not continue the chain: somebody else wrote, or took the file away. */
  const expectOwnFile = async (): Promise<void> => {
    const [here, there] = [await file.stat(), await stat(path)];
    if (here.size < size || here.size > size + leftBehind) throw new Error("another process wrote to it");
    if (here.size > size) await file.truncate(size);
    leftBehind = 0;
    if (here.ino !== there.ino || here.dev !== there.dev) throw new Error("it was moved or replaced");
  };
  const write = async (batch: readonly Waiting[]): Promise<void> => {
    const at = now();
    let next = head;
    const lines: Uint8Array[] = [];
    const outcomes = batch.map(({ event, resolve }) => {
      const made = makeAuditLine(next, at, event);
      if (!made.ok) return () => resolve(err({ reason: made.error.code }));
      next = made.value.head;
      lines.push(made.value.line, LINE_FEED);
      const written = next;
      return () => resolve(ok(written));
    });
    try {
      await expectOwnFile();
      const piece = Buffer.concat(lines);
      leftBehind = piece.length;
      await file.appendFile(piece);
      await file.datasync();
      leftBehind = 0;
      size += piece.length;
      head = next;
      isBroken = false;
      for (const settle of outcomes) settle();
    } catch (error) {
      isBroken = true;
      for (const { resolve } of batch) resolve(err({ reason: wordOf(error) }));
    }
  };
  const drain = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await write(batch);
    }
    isWriting = false;
  };
  return {
    discardedBytes,
    isBroken: () => isBroken,
    append(event) {
      if (waiting.length >= MAX_WAITING) return Promise.resolve(err({ reason: "too many records wait" }));
      return new Promise((resolve) => {
        waiting.push({ event, resolve });
        if (!isWriting) done = drain();
      });
    },
    async close() {
      await done;
      await file.close();
    },
  };
}

const LINE_FEED: Uint8Array = Uint8Array.of(0x0a);

// A file that was just made is only there after a crash if its folder says so.
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  await folder.sync();
  await folder.close();
}

/** A word without the path, which the system's own messages repeat. */
function wordOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
