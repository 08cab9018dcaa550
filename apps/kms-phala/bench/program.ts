import { type ChildProcess, spawn } from "node:child_process";
import { on, once } from "node:events";
import { readFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** A process that is measured from outside. */
export interface Program {
  /** The first line of its standard output that a reader understands. */
  readonly ready: string;
  /** Processor time of all its threads so far, in microseconds. */
  cpuUs(): Promise<number>;
  /** Resident memory, in MiB. */
  rssMiB(): Promise<number>;
  /** Writes a line to its standard input and waits for the next of its standard output. */
  ask(line: string): Promise<string>;
  stop(): Promise<void>;
}

/** A file beside the benches, or of the service. */
export function scriptPath(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** `CLK_TCK` of Linux: `/proc` counts processor time in hundredths of a second on every architecture that Node runs on. */
const US_PER_TICK = 10_000;

/**
 * Starts Node in a process of its own, with exactly this environment, and waits for the line that says it serves. Linux only.
 *
 * @param args - options of Node, then the script
 * @param read - takes what it is waited for out of a line; null for other lines
 */
export async function startProgram(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  read: (line: string) => string | null,
): Promise<Program> {
  const child = spawn(process.execPath, args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const { ready, output } = await firstOf(child, read);
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    ready,
    async cpuUs() {
      const stat = await readFile(`/proc/${child.pid}/stat`, "utf8");
      // The name in parentheses may hold anything; utime and stime are the 12th and 13th field after it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * US_PER_TICK;
    },
    async rssMiB() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
    },
    async ask(line) {
      // What it said unasked was dropped so far.
      const answered = once(output, "data");
      child.stdin?.write(`${line}\n`);
      return String((await answered)[0]).trim();
    },
    async stop() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

interface Started {
  readonly ready: string;
  readonly output: Readable;
}

async function firstOf(child: ChildProcess, read: (line: string) => string | null): Promise<Started> {
  const output = child.stdout;
  if (output === null) throw new Error("the process has no output");
  let text = "";
  for await (const [piece] of on(output, "data", { close: ["end"] })) {
    text += String(piece);
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    const found = lines.map(read).find((line) => line !== null);
    if (found === undefined) continue;
    // What it says later must not fill the pipe.
    output.resume();
    return { ready: found, output };
  }
  throw new Error("the process ended before it served");
}
