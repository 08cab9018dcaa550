import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Checkout, Program } from "./checkout.ts";

/** Where the programs stand, seen from this file. */
const PROGRAMS: Readonly<Record<Program, URL>> = {
  kms: new URL("../../../apps/kms-phala/src/main.ts", import.meta.url),
  simulator: new URL("../../tee-simulator/src/server/main.ts", import.meta.url),
  "trusted-root": new URL("../../../scripts/update-trusted-root.ts", import.meta.url),
  verifier: new URL("../../../apps/verifier-api/src/local/main.ts", import.meta.url),
  "verifier-page": new URL("../../../scripts/build-page.ts", import.meta.url),
};

const EXIT_WITH_PARENT = new URL("./dev/exit-with-parent.ts", import.meta.url);

/** A Unix socket's whole path must stay below 104 bytes (108 on Linux); the file names inside need some of that. */
const LONGEST_DIRECTORY_PATH = 70;

/**
 * The checkout that this source file stands in; null for the built command, and where the programs are missing.
 *
 * @param nodePath - the Node.js executable to run them with
 */
export function findCheckout(nodePath: string): Checkout | null {
  // The built command is one JavaScript file: whatever lies beside it is not the source it was built from.
  if (!import.meta.url.endsWith(".ts")) return null;
  if (!Object.values(PROGRAMS).every((url) => existsSync(url))) return null;
  const running = new Set<ChildProcess>();
  const directories = new Set<string>();
  const killAll = (): void => {
    for (const child of running) child.kill("SIGKILL");
  };
  return {
    start(program, args, environment) {
      const child = spawn(
        nodePath,
        [
          "--disable-warning=ExperimentalWarning",
          "--import",
          EXIT_WITH_PARENT.href,
          fileURLToPath(PROGRAMS[program]),
          ...args,
        ],
        // The channel is how the child notices that this process is gone, however it went. A group of its own keeps
        // Ctrl-C from reaching it: this process ends it, in order.
        { env: environment, stdio: ["ignore", "pipe", "pipe", "ipc"], detached: true },
      );
      running.add(child);
      child.once("exit", () => running.delete(child));
      return child;
    },
    async makeDirectory() {
      const parent = tmpdir().length <= LONGEST_DIRECTORY_PATH ? tmpdir() : "/tmp";
      // mkdtemp makes the directory 0700: whoever can open the guest agent's socket can derive every key.
      const directory = await mkdtemp(join(parent, "mero-tee-"));
      directories.add(directory);
      return directory;
    },
    async removeDirectory(path) {
      await rm(path, { recursive: true, force: true });
      directories.delete(path);
    },
    killAll,
    cleanUp() {
      killAll();
      for (const directory of directories) rmSync(directory, { recursive: true, force: true });
    },
  };
}
