import { cliFailure } from "./cli-failure.ts";
import type { CliContext, Ports } from "./context.ts";
import { refusalOfCli } from "./failure-view.ts";
import { printReport, reportRefusal, type Report } from "./output.ts";
import { wrapText } from "./wrap-text.ts";

/** What every command takes. */
export interface CommonFlags {
  readonly json: boolean;
}

/** The flag behind {@link CommonFlags}. */
export const JSON_FLAG = {
  kind: "boolean",
  brief: "Print exactly one JSON document on standard output",
  default: false,
  withNegated: false,
} as const;

/** An example of a command line, with what it does. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

/** Docs of a command: one line for the list, a paragraph and an example for `--help`. */
export function commandDocs(
  brief: string,
  description: string,
  example: Example,
): { readonly brief: string; readonly fullDescription: string } {
  return { brief, fullDescription: `${wrapText(description)}\n\nEXAMPLE\n  # ${example.does}\n  ${example.line}` };
}

/**
 * Turns a function from arguments to a report into a command: it prints the report and sets the exit code. An exception is
 * a bug, and still leaves a pipeline with a document and an exit code.
 */
export function reporting<FLAGS extends CommonFlags, ARGS extends readonly unknown[]>(
  action: (ports: Ports, flags: FLAGS, ...args: ARGS) => Promise<Report>,
): (this: CliContext, flags: FLAGS, ...args: ARGS) => Promise<void> {
  return async function command(flags, ...args) {
    const report = await action(this.ports, flags, ...args).catch((error: unknown) =>
      reportUnexpected(this.ports, error),
    );
    printReport(this.ports, flags.json, report);
    this.finish(report.exitCode);
  };
}

function reportUnexpected(ports: Ports, error: unknown): Report {
  const what = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.stack !== undefined) ports.stderr.write(`${error.stack}\n`);
  return reportRefusal(refusalOfCli(cliFailure("unexpected", `This is a bug in mero-tee: ${what}`)), {});
}
