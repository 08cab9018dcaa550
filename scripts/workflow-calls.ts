/** A word without meaning to a shell, or in quotes; in double quotes a variable may stand, as it is. */
const WORD = /(?:[\w@%+=:,./-]|'[^']*'|"(?:[^"$`\\]|\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})*")+/y;

/** What a step may call beside our own programs: what sets a machine up, and what a service is spoken to with. */
const PROGRAMS = new Set(["apt-get", "gcloud", "pipx", "systemctl"]);
/** What pnpm may be asked for. */
const PNPM_COMMANDS = new Set(["install", "audit"]);
/** By these, programs take a program from the command line. */
const INLINE = new Set(["-c", "-e"]);

/**
 * The calls that the lines of a step are, each as words without quotes; null stands for a line that is more than a call: pipes, lists,
 * conditions, loops, redirections, substitutions, assignments, patterns, comments, and programs that the line itself brings.
 */
export function callsIn(run: string): readonly (readonly string[] | null)[] {
  return run.trimEnd().split("\n").map(callOf);
}

function callOf(line: string): readonly string[] | null {
  const words: string[] = [];
  for (let at = 0; at < line.length; at = WORD.lastIndex) {
    WORD.lastIndex = at;
    const [word] = WORD.exec(line) ?? [];
    if (word === undefined) return null;
    words.push(word.replaceAll(/["']/g, ""));
    const blanks = /^ */.exec(line.slice(WORD.lastIndex))?.[0].length ?? 0;
    if (blanks === 0 && WORD.lastIndex < line.length) return null;
    WORD.lastIndex += blanks;
  }
  return words.some((word) => INLINE.has(word)) || !isCall(words) ? null : words;
}

function isCall([program = "", ...args]: readonly string[]): boolean {
  const [first = "", second = "", third = ""] = args;
  switch (program) {
    case "sudo":
      return isCall(args);
    case "env":
      return isCall(args.slice(args.findIndex((word) => !/^[A-Z_]+=/.test(word))));
    case "node":
      return first.endsWith(".ts");
    case "npx": {
      const isPinned = first === "--yes" && /^pnpm@\d+\.\d+\.\d+$/.test(second);
      return isPinned && (third === "exec" ? isCall(args.slice(3)) : PNPM_COMMANDS.has(third));
    }
    default:
      return PROGRAMS.has(program);
  }
}
