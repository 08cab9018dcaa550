const COLUMNS = 78;

/** Breaks paragraphs into lines of at most 78 characters, at blanks; lines that begin with a blank are examples and stay. */
export function wrapText(text: string): string {
  return text
    .split("\n")
    .map((line) => (line.startsWith(" ") ? line : wrapLine(line)))
    .join("\n");
}

function wrapLine(line: string): string {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (longer.length > COLUMNS && current !== "") {
      lines.push(current);
      current = word;
    } else current = longer;
  }
  return [...lines, current].join("\n");
}
