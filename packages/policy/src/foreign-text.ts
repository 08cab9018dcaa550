/** Longest piece of foreign text that an error repeats, in UTF-16 units. */
const EXCERPT_LENGTH = 64;

/**
 * The beginning of a text from outside, short enough for an error that may end in a log line.
 *
 * @param text - any text; longer than `length` units it is cut and marked with an ellipsis
 */
export function excerpt(text: string, length: number = EXCERPT_LENGTH): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/**
 * A text from outside as a JSON string of printable ASCII, so that in a sentence it can neither pass for our words nor
 * break the line, steer a terminal or reorder the text.
 *
 * @param text - any text; cut to `length` UTF-16 units first
 */
export function quoteForeignText(text: string, length: number = EXCERPT_LENGTH): string {
  return JSON.stringify(excerpt(text, length)).replaceAll(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
