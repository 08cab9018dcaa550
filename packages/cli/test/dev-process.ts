import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

import { readJson } from "./read-json.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));

/** An event of `dev --json`: one line of standard output. */
export type DevEvent = Readonly<Record<string, unknown>> & { readonly event?: string };

/** The command as a process of its own. */
export interface CliProcess {
  readonly child: ChildProcess;
  /** The next line of standard output, as JSON; null after the last. */
  nextEvent(): Promise<DevEvent | null>;
  /** Everything that was printed until now. */
  output(): { readonly stdout: string; readonly stderr: string };
  /** Settles with the exit code and the signal when the process has ended. */
  readonly ended: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
}

/** Starts `mero-tee` from its sources, in a process group of its own as a shell would. */
export function startCli(args: readonly string[]): CliProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const printed = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async nextEvent() {
      const line = await lines.next();
      if (line.done === true) return null;
      printed.stdout += `${line.value}\n`;
      return readJson<DevEvent>(line.value);
    },
    output: () => ({ ...printed }),
    ended: new Promise((resolve) => child.once("close", (code, signal) => resolve([code, signal]))),
  };
}

/** Runs `mero-tee` to its end. */
export async function runCliProcess(
  args: readonly string[],
): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }> {
  const { exitCode, stdout, stderr } = await execa(process.execPath, [MAIN, ...args], {
    stdin: "ignore",
    reject: false,
    stripFinalNewline: false,
  });
  return { exitCode: exitCode ?? null, stdout, stderr };
}

/** Whether a process of that id is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: there is none.
    return false;
  }
}
