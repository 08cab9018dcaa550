import { ExitCode as StricliExitCode } from "@stricli/core";

/**
 * The exit codes that pipelines depend on.
 *
 * `refused` is the one for verdicts: what was given was read, judged, and found wanting. `missing` is a file or asset that
 * had to be there. Everything the machine, the network or a bug did is `failed`.
 */
export const EXIT = { ok: 0, failed: 1, usage: 2, refused: 10, missing: 11 } as const;

/** One of {@link EXIT}. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Maps what the argument parser answered to our exit codes; its own are negative, which a shell would show as 246 to 255.
 *
 * @param code - the parser's exit code; 0 means that a command ran (or help was shown)
 * @param finished - the exit code that the command itself asked for
 */
export function exitCodeFrom(code: number, finished: ExitCode): ExitCode {
  switch (code) {
    case StricliExitCode.Success:
      return finished;
    case StricliExitCode.UnknownCommand:
    case StricliExitCode.InvalidArgument:
      return EXIT.usage;
    default:
      return EXIT.failed;
  }
}
