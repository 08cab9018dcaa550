import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure, type CliFailure } from "./cli-failure.ts";
import { printable } from "./printable.ts";

const LIMIT_MS = 60_000;

/** Runs the merod that the path leads to. Error: `process-failed`, also where there is none. */
export async function runMerod(args: readonly string[]): Promise<Result<null, CliFailure>> {
  try {
    await promisify(execFile)("merod", args, { timeout: LIMIT_MS });
    return ok(null);
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim().split("\n")[0] : "";
    const reason = isAbsent ? "there is none on the path" : printable(said || "it says nothing");
    return err(cliFailure("process-failed", `merod did not set the configuration: ${reason}.`));
  }
}
