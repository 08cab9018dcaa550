import { type CiLog, ciLog } from "../ci-log.ts";
import { Misuse } from "../script-outcome.ts";
import { StoppedLane } from "./lane-stop.ts";

/** Runs the body of a script: what it says goes into the log of the job, what stops it becomes its exit code. */
export async function scriptMain(
  job: string,
  body: (log: CiLog) => Promise<Readonly<Record<string, string>>>,
): Promise<void> {
  const log = ciLog();
  try {
    log.result(job, "ok", await body(log));
  } catch (error) {
    if (error instanceof StoppedLane) {
      const { code, rules, message, exitCode } = error.stop;
      log.line("ERROR", message);
      log.result(job, "failed", { reason: code, rules: rules.join(",") });
      process.exitCode = exitCode;
    } else if (isMisuse(error)) {
      log.line("ERROR", error.message);
      process.exitCode = 2;
    } else throw error;
  }
}

function isMisuse(error: unknown): error is Error {
  if (error instanceof Misuse) return true;
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}
