/**
 * Replaces the generated blocks of a page. A block stands between `<!-- generated: NAME -->` and `<!-- end: NAME -->`, so that
 * prose and what is made from code can share a page. Throws if the page lacks a block, or has one that nobody makes.
 */
export function fillBlocks(page: string, blocks: Readonly<Record<string, string>>): string {
  const found = [...page.matchAll(/^<!-- generated: (?<name>.+) -->$/gm)].map(({ groups }) => groups?.["name"] ?? "");
  const names = Object.keys(blocks);
  if (found.toSorted().join() !== names.toSorted().join()) {
    throw new Error(`the page has the blocks "${found.join()}", and there are "${names.join()}"`);
  }
  return names.reduce((text, name) => {
    const begin = `<!-- generated: ${name} -->`;
    const end = `<!-- end: ${name} -->`;
    const from = text.indexOf(begin) + begin.length;
    const to = text.indexOf(end, from);
    if (to < 0) throw new Error(`the block "${name}" does not end`);
    return `${text.slice(0, from)}\n\n${blocks[name]}\n\n${text.slice(to)}`;
  }, page);
}

/** A table in Markdown; cells are Markdown without line breaks. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [tableRow(head), tableRow(head.map(() => "---")), ...rows.map(tableRow)].join("\n");
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", String.raw`\|`)).join(" | ")} |`;
}
