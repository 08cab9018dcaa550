/** Longest piece of foreign text that an error repeats, in UTF-16 units. */
const EXCERPT_LENGTH = 64;

/**
 * The beginning of a text from outside, short enough for an error that may end in a log line.
 *
 * @param text - any text; longer than 64 units it is cut and marked with an ellipsis
 */
export function excerpt(text: string): string {
  return text.length <= EXCERPT_LENGTH ? text : `${text.slice(0, EXCERPT_LENGTH)}…`;
}
