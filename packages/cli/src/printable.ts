/** Text from a file of somebody's as printable ASCII: nothing in it may steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
