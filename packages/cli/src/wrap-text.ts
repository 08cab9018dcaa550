/** What a terminal shows in one line where nobody made it wider. */
export const COLUMNS = 80;

/** Breaks paragraphs into lines that a terminal shows whole, at blanks; lines that begin with a blank are examples and stay. */
export function wrapText(text: string): string {
  return text
    .split("\n")
    .map((line) => (line.startsWith(" ") ? line : wrapWords(line.split(" "), "", "")))
    .join("\n");
}

/** Puts words into lines, the first behind one text and the others behind another; a word that is too long stands alone. */
export function wrapWords(words: readonly string[], first: string, others: string, columns: number = COLUMNS): string {
  const lines: string[] = [];
  let current = first;
  let isEmpty = true;
  for (const word of words) {
    const longer = isEmpty ? `${current}${word}` : `${current} ${word}`;
    if (longer.length > columns && !isEmpty) {
      lines.push(current);
      current = `${others}${word}`;
    } else current = longer;
    isEmpty = false;
  }
  return [...lines, current].join("\n");
}
