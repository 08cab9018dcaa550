import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "../cli-failure.ts";

/** Lines of output that are kept for the case that the program dies. */
const KEPT_LINES = 12;
const MAX_LINE_LENGTH = 400;
/** How long a program may take to end by itself when it is told to. */
const STOP_LIMIT_MS = 5_000;

/** A program that was started, its latest output, and its end. */
export interface SupervisedProgram {
  /**
   * What a line of standard output was waited for says: the first that `read` makes something of.
   *
   * Errors: `process-failed` if the program ended, or the time was up, before that.
   */
  lineThat(read: (line: string) => string | null, limitMs: number): Promise<Result<string, CliFailure>>;
  /** Settles when the program has ended, with the failure that this is unless it was stopped. */
  readonly ended: Promise<CliFailure>;
  /** Ends the program: politely, then not. Settles when it is gone. */
  stop(): Promise<void>;
}

/**
 * Watches a child process whose standard output and error are pipes.
 *
 * @param name - how people call it: "the KMS"
 */
export function supervise(name: string, child: ChildProcess): SupervisedProgram {
  const lines: string[] = [];
  const readers = new Set<(line: string) => void>();
  const keep = (line: string): void => {
    lines.push(line.slice(0, MAX_LINE_LENGTH));
    if (lines.length > KEPT_LINES) lines.shift();
  };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      keep(line);
      if (stream === child.stdout) for (const read of readers) read(line);
    });
  }
  const failed = (what: string): CliFailure => {
    const message = `${capital(name)} ${what}: ${lines.at(-1) ?? "it printed nothing"}`;
    return cliFailure(
      "process-failed",
      message,
      `The last lines of ${name}:\n${lines.map((line) => `  ${line}\n`).join("")}`,
    );
  };
  const ended = new Promise<CliFailure>((resolve) => {
    child.once("error", (error) => resolve(failed(`could not be started (${error.message})`)));
    // `close` comes after the last line of output, `exit` may come before it.
    child.once("close", (code, signal) => resolve(failed(`ended with ${signal ?? `exit code ${code ?? "unknown"}`}`)));
  });
  return {
    ended,
    async lineThat(read, limitMs) {
      const found = Promise.withResolvers<string>();
      const reader = (line: string): void => {
        const value = read(line);
        if (value !== null) found.resolve(value);
      };
      readers.add(reader);
      const answer = await withLimit(
        limitMs,
        () => failed(`was not ready within ${limitMs / 1000} seconds`),
        Promise.race([found.promise.then(ok), ended.then(err)]),
      );
      readers.delete(reader);
      return answer;
    },
    async stop() {
      const hasEnded = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
      if (!hasEnded) child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** Work with a time limit; the limit gives a failure of its own. */
async function withLimit<T>(
  limitMs: number,
  expired: () => CliFailure,
  work: Promise<Result<T, CliFailure>>,
): Promise<Result<T, CliFailure>> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<Result<T, CliFailure>>((resolve) => {
    timer = setTimeout(() => resolve(err(expired())), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
