import { type ChildProcess, spawn } from "node:child_process";

/** A process that a test may stop, pause and kill. */
export interface Child {
  readonly pid: number;
  /** Everything that it printed so far, on both streams. */
  output(): string;
  /** The first line that fits, also one that is already there; rejects when the process ends first. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  signal(name: NodeJS.Signals): void;
  /** Ends it as a power cut does, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it is gone. */
  end(): Promise<void>;
}

/** Where and as whom a process runs; as this one when absent. */
export interface Surroundings {
  readonly cwd?: string;
  readonly uid?: number;
}

export function startChild(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  surroundings: Surroundings = {},
): Child {
  const child: ChildProcess = spawn(command, args, { ...surroundings, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const watchers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      for (const watch of watchers) watch();
    });
  }
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const stopWith = async (name: NodeJS.Signals): Promise<void> => {
    child.kill(name);
    // A process that is paused handles no other signal.
    if (name !== "SIGKILL") child.kill("SIGCONT");
    await gone;
  };
  return {
    pid: child.pid ?? 0,
    output: () => text,
    line(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const watch = (): void => {
        const found = pattern.exec(text);
        if (found === null) return;
        watchers.delete(watch);
        resolve(found);
      };
      watchers.add(watch);
      watch();
      void gone.then(() => reject(new Error(`${command} ended: ${text}`)));
      return promise;
    },
    signal: (name) => void child.kill(name),
    kill: () => stopWith("SIGKILL"),
    end: () => stopWith("SIGTERM"),
  };
}
