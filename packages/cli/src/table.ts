/** One line of a two-column table. */
export type Row = readonly [label: string, value: string];

/**
 * Aligns labels and values in two columns.
 *
 * Labels must be plain text (their length is their width); values may carry styles.
 *
 * @returns the lines, each indented by `indent` spaces and ended with a line feed
 */
export function table(rows: readonly Row[], indent = 2): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return rows
    .map(([label, value]) => `${" ".repeat(indent)}${label.padEnd(width)}  ${value}`.trimEnd() + "\n")
    .join("");
}

/** One cell: its plain text decides the width, `styled` is what is printed. */
export interface Cell {
  readonly plain: string;
  readonly styled: string;
}

/** A cell without a style. */
export function cell(text: string): Cell {
  return { plain: text, styled: text };
}

/**
 * Lays out rows of any number of columns under a header; the last column is not padded.
 *
 * @returns the lines, each indented by two spaces and ended with a line feed
 */
export function grid(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header.map(cell), ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.plain.length ?? 0)));
  return lines
    .map((line) => {
      const cells = line.map(({ plain, styled }, column) => {
        const isLast = column === line.length - 1;
        return isLast ? styled : styled + " ".repeat((widths[column] ?? 0) - plain.length);
      });
      return `  ${cells.join("  ")}`.trimEnd() + "\n";
    })
    .join("");
}
