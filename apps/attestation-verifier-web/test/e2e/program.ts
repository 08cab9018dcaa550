import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** A program of this repository that runs beside the test. */
export interface Program {
  /** What the awaited line says. */
  readonly said: string;
  stop(): Promise<void>;
}

/**
 * Starts a program and waits for the line that says where it listens.
 *
 * Rejects with everything that it wrote if it ends before.
 */
export async function startProgram(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  awaited: RegExp,
): Promise<Program> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const found = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      const match = awaited
        .exec(line)
        ?.slice(1)
        .find((group) => group !== undefined);
      if (match !== undefined) found.resolve(match);
    });
  }
  child.once("exit", () => found.reject(new Error(`${script} ended:\n${lines.slice(-20).join("\n")}`)));
  return {
    said: await found.promise,
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
