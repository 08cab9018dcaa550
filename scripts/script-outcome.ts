import { appendFile } from "node:fs/promises";

/** A command line, or an environment, that does not say what a script needs to know. Exit code 2. */
export class Misuse extends Error {}

/** What was asked for was judged, and must not be. Exit code 10. */
export class Refusal extends Error {}

/**
 * Runs the body of a script: what it says goes to standard output, why it did not succeed to standard error, without a
 * stack, and its exit code is one of those of the `mero-tee` command.
 *
 * @param usage - how the script is called, for whoever gives an option that it does not have
 */
export async function settle(body: () => Promise<string>, usage = ""): Promise<void> {
  try {
    process.stdout.write(`${inert(await body())}\n`);
  } catch (error) {
    process.stderr.write(`${inert(error instanceof Error ? error.message : String(error))}\n`);
    if (isOfParser(error) && usage !== "") process.stderr.write(`usage: ${usage}\n`);
    process.exitCode = error instanceof Refusal ? 10 : isMisuse(error) ? 2 : 1;
  }
}

/**
 * What programs and services said, so that the runner which reads the log takes none of it for a command.
 *
 * Source: GitHub Actions runner, `ActionCommand`: `::` at the beginning of a line, blanks aside, and `##[` anywhere.
 */
function inert(text: string): string {
  return text.replaceAll(/^(\s*):(?=:)/gm, "$1: ").replaceAll("##[", "## [");
}

function isMisuse(error: unknown): boolean {
  return isOfParser(error) || error instanceof Misuse;
}

/** Whether the parser of arguments refused them. */
function isOfParser(error: unknown): boolean {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

/** An option that must be there. */
export function needed(value: string | undefined, option: string): string {
  if (value === undefined || value === "") throw new Misuse(`--${option} is missing`);
  return value;
}

/** A variable that must be set, most of them by GitHub Actions. */
export function variable(name: string): string {
  const value = process.env[name] ?? "";
  if (value === "") throw new Misuse(`${name} is not set`);
  return value;
}

/** Hands values to later steps of a job. What could be read as another value is refused; outside a workflow nothing is written. */
export async function writeOutputs(values: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(values).map(([name, value]) => {
    if (/[\r\n]/.test(value)) throw new Refusal(`the output ${name} has more than one line`);
    return `${name}=${value}\n`;
  });
  const file = process.env["GITHUB_OUTPUT"] ?? "";
  if (file !== "") await appendFile(file, lines.join(""));
}
