import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The directory of the repository, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("..", import.meta.url));

/** A page, by its path from the root. */
export function readPage(path: string): string {
  return readFileSync(`${ROOT}${path}`, "utf8");
}

/** A heading of a page. */
export interface Heading {
  readonly level: number;
  /** As it reads, without marks of emphasis or code. */
  readonly text: string;
  /** What a link to it has after `#`. */
  readonly anchor: string;
  /** What stands below it, up to the next heading of any level. */
  readonly body: string;
}

/** A block between fences: its language and its text, without the fences. */
interface Fence {
  readonly language: string;
  readonly text: string;
}

const FENCE = /^```(?<language>[a-z]*)\n(?<text>[\s\S]*?)^```$/gm;

/** The fenced blocks of a page, in order. */
function fencesOf(page: string): readonly Fence[] {
  return [...page.matchAll(FENCE)].map(({ groups }) => ({
    language: groups?.["language"] ?? "",
    text: groups?.["text"] ?? "",
  }));
}

/** The fenced blocks of one language, as text. */
export function blocksOf(page: string, language: string): readonly string[] {
  return fencesOf(page).flatMap((fence) => (fence.language === language ? [fence.text] : []));
}

/** A page without its fenced blocks: in those, `#` and `[` mean something else. */
export function proseOf(page: string): string {
  return page.replaceAll(FENCE, "");
}

/**
 * The headings of a page with the anchors that GitHub gives them: lower case, punctuation dropped, blanks to hyphens, and
 * a number for what was there before.
 */
export function headingsOf(page: string): readonly Heading[] {
  const prose = proseOf(page);
  const found = [...prose.matchAll(/^(?<marks>#{1,6}) (?<text>.+)$/gm)];
  const seen = new Map<string, number>();
  return found.map((match, index) => {
    const text = (match.groups?.["text"] ?? "").replaceAll(/[`*]/g, "").trim();
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return {
      level: match.groups?.["marks"]?.length ?? 0,
      text,
      anchor: count === 0 ? slug : `${slug}-${count}`,
      body: prose.slice(match.index + match[0].length, found[index + 1]?.index).trim(),
    };
  });
}

/** What stands between backticks, in order. */
export function codeOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, code = ""]) => code);
}

function isRule(line: string | undefined): boolean {
  return line !== undefined && /^\|(?: *:?-+:? *\|)+$/.test(line);
}

/** The rows of every table in a piece of a page, without heads and rules: the cells as Markdown, trimmed. */
export function rowsOf(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split("\n");
  return lines
    .filter((line, index) => line.startsWith("|") && !isRule(line) && !isRule(lines[index + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim().replaceAll(String.raw`\|`, "|")),
    );
}

/** The part of a page under a heading of level 2, its subsections included. */
export function chapterOf(page: string, title: string): string {
  const start = page.indexOf(`\n## ${title}\n`);
  if (start < 0) throw new Error(`there is no chapter "${title}"`);
  const end = page.indexOf("\n## ", start + 1);
  return page.slice(start, end < 0 ? undefined : end);
}
