/** A node of merod's, as its command line names it. */
export interface MerodNode {
  readonly home: string;
  readonly name: string;
}

/**
 * The arguments with which merod sets keys of a node's `config.toml`.
 *
 * @param assignments - `KEY=VALUE` each, the value in TOML
 */
export function merodArguments({ home, name }: MerodNode, assignments: readonly string[]): readonly string[] {
  return ["--home", home, "--node", name, "config", ...assignments];
}

/** The same as a command for a POSIX shell, one assignment a line. */
export function merodCommand(node: MerodNode, assignments: readonly string[]): string {
  const [call, ...lines] = [merodArguments(node, []), ...assignments.map((each) => [each])].map((words) =>
    words.map(shellWord).join(" "),
  );
  return `${[`merod ${call ?? ""}`, ...lines].join(" \\\n  ")}\n`;
}

function shellWord(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
