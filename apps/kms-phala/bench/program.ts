import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A process that is measured from outside. */
export interface Program {
  /** The first line of its standard output that a reader understands. */
  readonly ready: string;
  /** Processor time of all its threads so far, in microseconds. */
  cpuUs(): Promise<number>;
  /** Resident memory, in MiB. */
  rssMiB(): Promise<number>;
  stop(): Promise<void>;
}

/** A file beside the benches, or of the service. */
export function scriptPath(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url));
}

/** `CLK_TCK` of Linux: `/proc` counts processor time in hundredths of a second on every architecture that Node runs on. */
const US_PER_TICK = 10_000;

/**
 * Starts a script in a process of its own, with exactly this environment, and waits for the line that says it serves. Linux only.
 *
 * @param read - takes what it is waited for out of a line; null for other lines
 */
export async function startProgram(
  script: string,
  env: Readonly<Record<string, string>>,
  read: (line: string) => string | null,
): Promise<Program> {
  const child = spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ready = await firstOf(child, read);
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
    async stop() {
      child.kill("SIGTERM");
      await gone;
    },
  };
}

async function firstOf(child: ChildProcess, read: (line: string) => string | null): Promise<string> {
  if (child.stdout === null) throw new Error("the process has no output");
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    const found = read(line);
    if (found === null) continue;
    // What it says later is not wanted, and must not fill the pipe.
    child.stdout.resume();
    return found;
  }
  throw new Error("the process ended before it served");
}
