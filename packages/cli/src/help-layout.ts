import { COLUMNS, wrapWords } from "./wrap-text.ts";

/** Further in than any flag or command begins, so that a line that goes on is told from a new one. */
const CONTINUED = " ".repeat(8);

/**
 * Lays help out for a terminal of 80 columns: the argument parser writes each usage, flag and example on one line, however long.
 * A single word that is longer stays whole, since examples are there to be copied.
 */
export function layOutHelp(help: string): string {
  let section = "";
  return help
    .split("\n")
    .map((line) => {
      if (/^[A-Z]+$/.test(line)) section = line;
      return layOutLine(line, section);
    })
    .join("\n");
}

function layOutLine(line: string, section: string): string {
  switch (section) {
    case "USAGE":
      return line.startsWith("  ") ? wrapWords(usageWords(line.trim()), "  ", CONTINUED) : line;
    case "FLAGS":
    case "ARGUMENTS":
    case "COMMANDS":
      return layOutRow(line);
    case "EXAMPLE":
      return layOutExample(line);
    default:
      return line;
  }
}

/** What must stay on one line: a flag with its value in brackets, or a word. */
function usageWords(usage: string): readonly string[] {
  return usage.match(/\[[^\]]*\](?:\.{3})?|\([^)]*\)(?:\.{3})?|\S+/g) ?? [];
}

/** A name and what it is, which goes on in its own column. What may stand there comes behind it, on one line where it fits. */
function layOutRow(line: string): string {
  const [, head, brief, values = ""] = /^( +(?:-[a-zA-Z] +)?\S+ {2,})(\S.*?)(?: +(\[[^[\]]*\]))?$/.exec(line) ?? [];
  if (head === undefined || brief === undefined) return line;
  const isShort = head.length + values.length <= COLUMNS;
  const last = isShort ? [values] : values.split(" ");
  return wrapWords([...brief.split(/ +/), ...last].filter(Boolean), head, " ".repeat(head.length));
}

function layOutExample(line: string): string {
  if (line.startsWith("  # ")) return wrapWords(line.slice(4).split(" "), "  # ", "  # ");
  if (!line.startsWith("  ")) return line;
  const parts = line.trim().split(/ (?=--)/);
  return wrapWords(parts, "  ", "    ", COLUMNS - 2).replaceAll("\n", " \\\n");
}
