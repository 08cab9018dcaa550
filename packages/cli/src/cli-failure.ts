import { EXIT, type ExitCode } from "./exit-code.ts";

/**
 * Every code that the command itself gives. Codes of the packages (a refused quote, a malformed policy, a KMS that said no)
 * pass through beside them, unchanged. Closed, and documented in `docs/errors.md`.
 */
export const CLI_CODES = [
  "usage-invalid",
  "checkout-required",
  "file-missing",
  "file-unreadable",
  "file-unwritable",
  "input-too-large",
  "input-unrecognised",
  "root-ca-malformed",
  "release-refused",
  "release-asset-missing",
  "release-version-unknown",
  "release-changed",
  "signing-identity-missing",
  "signing-failed",
  "waivers-unsigned",
  "compose-hash-mismatch",
  "catalog-outdated",
  "guard-failed",
  "live-test-failed",
  "live-test-incomplete",
  "repository-unreadable",
  "appraisal-failed",
  "appraisal-incomplete",
  "appraisal-caution",
  "appraisal-simulated",
  "registers-differ",
  "evidence-file-malformed",
  "evidence-file-unsupported",
  "kms-probe-failed",
  "deployment-unhealthy",
  "process-failed",
  "boot-failed",
  "unexpected",
] as const;

/** One of {@link CLI_CODES}. */
export type CliCode = (typeof CLI_CODES)[number];

/** Where a failure belongs (`stage` in JSON), and the exit code it ends in. */
export interface CliEnding {
  readonly stage: string;
  readonly exitCode: ExitCode;
}

/**
 * The ending of every code. A command line that is wrong is usage (2); a file that is not there is missing (11); a file that
 * was read and is not what it should be was judged and refused (10); what disk, network or processes did is a failure (1).
 */
export const CLI_ENDINGS: Readonly<Record<CliCode, CliEnding>> = {
  "usage-invalid": { stage: "usage", exitCode: EXIT.usage },
  "checkout-required": { stage: "usage", exitCode: EXIT.usage },
  "file-missing": { stage: "input", exitCode: EXIT.missing },
  "file-unreadable": { stage: "input", exitCode: EXIT.failed },
  "file-unwritable": { stage: "output", exitCode: EXIT.failed },
  "input-too-large": { stage: "input", exitCode: EXIT.refused },
  "input-unrecognised": { stage: "input", exitCode: EXIT.refused },
  "root-ca-malformed": { stage: "input", exitCode: EXIT.refused },
  "release-refused": { stage: "release", exitCode: EXIT.refused },
  "release-asset-missing": { stage: "release", exitCode: EXIT.missing },
  "release-version-unknown": { stage: "release", exitCode: EXIT.refused },
  "release-changed": { stage: "release", exitCode: EXIT.refused },
  "signing-identity-missing": { stage: "release", exitCode: EXIT.failed },
  "signing-failed": { stage: "release", exitCode: EXIT.failed },
  "waivers-unsigned": { stage: "release", exitCode: EXIT.refused },
  "compose-hash-mismatch": { stage: "release", exitCode: EXIT.refused },
  "catalog-outdated": { stage: "release", exitCode: EXIT.refused },
  "guard-failed": { stage: "guard", exitCode: EXIT.refused },
  "live-test-failed": { stage: "live-test", exitCode: EXIT.refused },
  "live-test-incomplete": { stage: "live-test", exitCode: EXIT.missing },
  "repository-unreadable": { stage: "guard", exitCode: EXIT.failed },
  "appraisal-failed": { stage: "appraisal", exitCode: EXIT.refused },
  "appraisal-incomplete": { stage: "appraisal", exitCode: EXIT.refused },
  "appraisal-caution": { stage: "appraisal", exitCode: EXIT.refused },
  "appraisal-simulated": { stage: "appraisal", exitCode: EXIT.refused },
  "registers-differ": { stage: "appraisal", exitCode: EXIT.refused },
  "evidence-file-malformed": { stage: "input", exitCode: EXIT.refused },
  "evidence-file-unsupported": { stage: "input", exitCode: EXIT.refused },
  "kms-probe-failed": { stage: "probe", exitCode: EXIT.refused },
  "deployment-unhealthy": { stage: "doctor", exitCode: EXIT.refused },
  "process-failed": { stage: "process", exitCode: EXIT.failed },
  "boot-failed": { stage: "boot", exitCode: EXIT.failed },
  unexpected: { stage: "unexpected", exitCode: EXIT.failed },
};

/** A failure of the command itself: a stable code and the sentence that an operator can act on. */
export interface CliFailure {
  readonly code: CliCode;
  readonly message: string;
  /** More lines for people, such as the last output of a program; never in JSON. */
  readonly details?: string;
}

/** Makes a {@link CliFailure}. */
export function cliFailure(code: CliCode, message: string, details?: string): CliFailure {
  return details === undefined ? { code, message } : { code, message, details };
}
