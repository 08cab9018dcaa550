import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "../cli-failure.ts";

/** A git checkout, as far as guards look at it. */
export interface Repository {
  /** Paths of every file that is tracked, or new and not ignored, from the root. */
  readonly files: readonly string[];
  /** A file as it is now; null where it is not there. */
  read(path: string): Promise<string | null>;
  /** A file as it was in a commit; null where it was not there. */
  readAt(commit: string, path: string): Promise<string | null>;
  /**
   * Paths that changed between two commits, as a pull request shows them: since the two went apart.
   *
   * Error: `repository-unreadable`.
   */
  changedPaths(base: string, head: string): Promise<Result<readonly string[], CliFailure>>;
}

const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Opens the checkout in a directory. Error: `repository-unreadable`, also where there is none. */
export async function openRepository(root: string): Promise<Result<Repository, CliFailure>> {
  const git = async (...args: readonly string[]): Promise<Result<string, CliFailure>> => {
    try {
      const run = await promisify(execFile)("git", ["-C", root, ...args], { maxBuffer: OUTPUT_LIMIT_BYTES });
      return ok(run.stdout);
    } catch (error) {
      const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim().split("\n")[0] : "";
      return err(
        cliFailure("repository-unreadable", `git ${args[0] ?? ""} in ${root} failed: ${said || "no git here"}.`),
      );
    }
  };
  const listed = await git("ls-files", "-z", "--cached", "--others", "--exclude-standard");
  if (!listed.ok) return listed;
  return ok({
    files: listed.value.split("\0").filter((path) => path !== ""),
    async read(path) {
      // A file that is tracked and deleted is one that is not there.
      return await readFile(join(root, path), "utf8").catch(() => null);
    },
    async readAt(commit, path) {
      const shown = await git("show", `${commit}:${path}`);
      return shown.ok ? shown.value : null;
    },
    async changedPaths(base, head) {
      const changed = await git("diff", "--name-only", "-z", `${base}...${head}`, "--");
      return changed.ok ? ok(changed.value.split("\0").filter((path) => path !== "")) : changed;
    },
  });
}
