/** A value of a JSON text, or the key of one, by its place in the text. */
export interface JsonSpan {
  readonly kind: "object" | "array" | "string" | "number" | "word" | "key";
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** Of a value with a key: where that key starts. */
  readonly memberStart: number;
}

const TOKEN = /[{}[\],:]|"(?:[^"\\]|\\.)*"|[^\s{}[\],:"]+/gs;

interface OpenSpan {
  readonly kind: "object" | "array";
  readonly start: number;
  readonly memberStart: number;
}

/**
 * Finds the values and keys of a JSON text, leniently: a text that is no JSON any more still shows what is left of it.
 * Containers that are not closed are left out. The outermost value comes last.
 */
export function jsonSpans(text: string): readonly JsonSpan[] {
  const spans: JsonSpan[] = [];
  const open: OpenSpan[] = [];
  let keyStart = -1;
  for (const match of text.matchAll(TOKEN)) {
    const [token] = match;
    const start = match.index;
    const end = start + token.length;
    switch (token.charAt(0)) {
      case "{":
      case "[":
        open.push({ kind: token === "{" ? "object" : "array", start, memberStart: keyStart });
        keyStart = -1;
        break;
      case "}":
      case "]": {
        const opened = open.pop();
        if (opened !== undefined) spans.push({ ...opened, end });
        keyStart = -1;
        break;
      }
      case ":":
      case ",":
        break;
      case '"':
        if (text[skipSpace(text, end)] === ":") {
          spans.push({ kind: "key", start, end, memberStart: start });
          keyStart = start;
          break;
        }
        spans.push({ kind: "string", start, end, memberStart: keyStart });
        keyStart = -1;
        break;
      default:
        spans.push({ kind: /^[a-z]/.test(token) ? "word" : "number", start, end, memberStart: keyStart });
        keyStart = -1;
    }
  }
  return spans;
}

/** Deeper documents are for the parsers: `JSON.stringify` recurses, and would exhaust the stack of the fuzzer. */
const DEEPEST = 500;

/**
 * What `JSON.parse` makes of a text, for mutators that edit the document and write it again; undefined where it refuses,
 * and for a document too deep to be written again.
 */
export function parseToEdit(text: string): unknown {
  let depth = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth += 1;
    else if (character === "]" || character === "}") depth -= 1;
    if (depth > DEEPEST) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    // Mutants are often no JSON: the mutators of bytes and of JSON go on with those.
    return undefined;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && " \t\r\n".includes(text[at] ?? "x")) at += 1;
  return at;
}
