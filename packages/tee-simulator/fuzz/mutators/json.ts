import type { Draw } from "../draw.ts";
import { textMutator, type Mutator } from "../target.ts";
import { jsonSpans, type JsonSpan } from "./json-spans.ts";

/** Values at the edges of what JSON and its readers know, and beyond. */
const LITERALS: readonly string[] = [
  ...'null true false {} [] "" 0 -0 1 -1 2 3 4 255 256 65535 65536 4294967295 4294967296 9007199254740993'.split(" "),
  ...'1.0 1e0 1E400 -1e-400 0.1 01 +1 .5 1. 0x10 NaN Infinity undefined [[]] [{}] {"":0} 134217729'.split(" "),
  '"\\u0000"',
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\ud83d\ude00"',
  '"__proto__"',
  '"\\x41"',
  '"\t"',
  "'a'",
  '"2023-02-30T00:00:00Z"',
  '"2024-02-29T23:59:59Z"',
  '"0000-01-01T00:00:00Z"',
  '"9999-12-31T23:59:59Z"',
  '"10000-01-01T00:00:00Z"',
  '"2024-01-01T00:00:00.000Z"',
  '"2024-01-01T00:00:60Z"',
  '"TDX"',
  '"SGX"',
  '"TDX_03"',
  '"UpToDate"',
  '"Revoked"',
  '"ConfigurationNeeded"',
  '"abc"',
  '"00"',
  '"0x00"',
  '"ABCDEF"',
];

const SPACES: readonly string[] = [" ", "\t", "\n", "\r\n", "\u00a0", "\ufeff", "\u000b", "\u0000", "//", "/**/"];

function replaceSpan(text: string, { start, end }: Pick<JsonSpan, "start" | "end">, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

/** Changes one value, or one key, of a text. */
function spanMutator(
  name: string,
  isMeant: (span: JsonSpan) => boolean,
  change: (span: JsonSpan, text: string, draw: Draw, other: string) => string,
): Mutator {
  return textMutator(name, (text, draw, other) => {
    const span = draw.pick(jsonSpans(text).filter(isMeant));
    return span === undefined ? text : change(span, text, draw, other);
  });
}

const isValue = (span: JsonSpan): boolean => span.kind !== "key";
const isInner = (span: JsonSpan): boolean => isValue(span) && span.start > 0;

/** The member or element that a value is, with its key. */
function whole(span: JsonSpan): Pick<JsonSpan, "start" | "end"> {
  return { start: span.memberStart < 0 ? span.start : span.memberStart, end: span.end };
}

/** Writes some characters of a string as escapes: the same text to a reader, other bytes. */
function respell(quoted: string, draw: Draw): string {
  return quoted.replaceAll(/[^"\\]/g, (character) =>
    draw.oneIn(4) ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : character,
  );
}

function respellNumber(number: string, draw: Draw): string {
  return (
    draw.pick([`${number}.0`, `${number}e0`, `${number}E+0`, `-${number}`, `0${number}`, `${number}0`, `+${number}`]) ??
    "0"
  );
}

/** Small changes inside a string: digits, case, length. */
function editString(quoted: string, draw: Draw): string {
  const inner = quoted.slice(1, -1);
  const at = draw.below(inner.length + 1);
  const changed = draw.pick([
    inner.toUpperCase(),
    inner.slice(0, at),
    `${inner}${inner.slice(at)}`,
    `${inner.slice(0, at)}${draw.pick(["0", "9", "f", "Z", " ", ":", "\\", '\\"', "\\n", "\u00e9"])}${inner.slice(at + draw.below(2))}`,
  ]);
  return `"${changed ?? ""}"`;
}

/** Changes that know values, members and spellings of JSON. */
export const JSON_MUTATORS: readonly Mutator[] = [
  spanMutator("replace a value by an edge value", isValue, (span, text, draw) =>
    replaceSpan(text, span, draw.pick(LITERALS) ?? "0"),
  ),
  spanMutator("replace a value by another one", isInner, (span, text, draw, other) => {
    const source = draw.oneIn(2) ? text : other;
    const donor = draw.pick(jsonSpans(source).filter(isValue));
    return donor === undefined ? text : replaceSpan(text, span, source.slice(donor.start, donor.end));
  }),
  spanMutator("double a member", isInner, (span, text, draw) => {
    const { start, end } = whole(span);
    const member = text.slice(start, end);
    const key = /^"(?:[^"\\]|\\.)*"/s.exec(member)?.[0] ?? "";
    const again = span.memberStart < 0 ? member : (draw.oneIn(2) ? key : respell(key, draw)) + member.slice(key.length);
    return replaceSpan(text, { start: end, end }, `,${again}`);
  }),
  spanMutator("delete a member", isInner, (span, text, draw) => {
    const { start, end } = whole(span);
    const after = text.slice(end);
    const commaAfter = draw.oneIn(8) ? 0 : (/^\s*,/.exec(after)?.[0].length ?? 0);
    const before = text.slice(0, start);
    return (commaAfter === 0 ? before.replace(/,\s*$/, "") : before) + after.slice(commaAfter);
  }),
  spanMutator(
    "rename a key",
    ({ kind }) => kind === "key",
    (span, text, draw) => {
      const key = text.slice(span.start, span.end);
      return replaceSpan(
        text,
        span,
        draw.pick([respell(key, draw), '"__proto__"', '"constructor"', '""', editString(key, draw)]) ?? key,
      );
    },
  ),
  spanMutator(
    "respell a string",
    ({ kind }) => kind === "string",
    (span, text, draw) => replaceSpan(text, span, respell(text.slice(span.start, span.end), draw)),
  ),
  spanMutator(
    "edit a string",
    ({ kind }) => kind === "string",
    (span, text, draw) => replaceSpan(text, span, editString(text.slice(span.start, span.end), draw)),
  ),
  spanMutator(
    "respell a number",
    ({ kind }) => kind === "number",
    (span, text, draw) => replaceSpan(text, span, respellNumber(text.slice(span.start, span.end), draw)),
  ),
  spanMutator(
    "replace a number",
    ({ kind }) => kind === "number",
    (span, text, draw) => replaceSpan(text, span, String(draw.below(draw.pick([4, 256, 65_536, 2 ** 32]) ?? 4))),
  ),
  spanMutator("nest a value", isValue, (span, text, draw) => {
    const depth = draw.oneIn(12) ? draw.below(20_000) : draw.below(40);
    const [opening, closing] = draw.oneIn(2) ? ["[", "]"] : ['{"a":', "}"];
    const nested =
      opening.repeat(depth) +
      text.slice(span.start, span.end) +
      closing.repeat(draw.oneIn(8) ? draw.below(depth) : depth);
    return replaceSpan(text, span, nested);
  }),
  spanMutator("repeat a value", isInner, (span, text, draw) => {
    const { start, end } = whole(span);
    const member = text.slice(start, end);
    const times = 1 + draw.below(Math.floor((draw.oneIn(32) ? 60_000 : 1000) / Math.max(1, member.length)));
    const copies = Array.from({ length: times }, (_, index) =>
      span.memberStart < 0 ? member : `"${index}${member.slice(1)}`,
    );
    return replaceSpan(text, { start: end, end }, copies.map((copy) => `,${copy}`).join(""));
  }),
  spanMutator(
    "lengthen a string",
    ({ kind }) => kind === "string",
    (span, text, draw) => {
      const unit = draw.pick(["0", "ab", "\\u0061", "\u00e9", "\\\\"]) ?? "0";
      const times = draw.below(draw.oneIn(32) ? 40_000 : 600);
      return replaceSpan(text, span, `"${unit.repeat(times)}"`);
    },
  ),
  textMutator("insert white space, or what looks like it", (text, draw) => {
    const at = draw.pick(jsonSpans(text))?.start ?? 0;
    const space = (draw.pick(SPACES) ?? " ").repeat(draw.oneIn(64) ? 10_000 : 1);
    return text.slice(0, at) + space + text.slice(at);
  }),
  textMutator(
    "put something around the text",
    (text, draw) =>
      draw.pick([`\ufeff${text}`, `${text} `, `${text},`, `${text}${text}`, `[${text}]`, JSON.stringify(text)]) ?? text,
  ),
];
