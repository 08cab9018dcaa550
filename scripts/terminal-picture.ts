import { readFileSync } from "node:fs";

/*
 * Draws the text of a terminal as SVG, for `docs/images`:
 * `FORCE_COLOR=1 node packages/cli/src/main.ts dev --once | node scripts/terminal-picture.ts > docs/images/dev.svg`.
 */

/** What `styleText` writes for the styles that the command uses: codes that begin one, and what it looks like here. */
const STYLES: Readonly<Record<string, string>> = {
  "1": 'font-weight="bold" fill="#ffffff"',
  "2": 'fill="#9aa5b1"',
  "31": 'fill="#ff8080"',
  "32": 'fill="#6fdd8b"',
  "33": 'fill="#f0c674"',
};
const LINE_HEIGHT = 18;
const CHARACTER_WIDTH = 7.83;
const MARGIN = 18;

// oxlint-disable-next-line no-control-regex -- this is what begins a style
const SEQUENCE = /\u001B\[(?<code>\d+)m/g;

/** Terminal text without its styles. */
export function plainText(text: string): string {
  return text.replaceAll(SEQUENCE, "");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** One line as the content of an SVG text; a style lasts until the next sequence. */
function drawLine(line: string): string {
  const [start = "", ...styled] = line.split(SEQUENCE);
  const pieces = [escapeXml(start)];
  for (let index = 0; index + 1 < styled.length; index += 2) {
    const style = STYLES[styled[index] ?? ""];
    const text = escapeXml(styled[index + 1] ?? "");
    pieces.push(style === undefined ? text : `<tspan ${style}>${text}</tspan>`);
  }
  return pieces.join("");
}

/** A dark terminal with this text in it, as an SVG document. */
export function drawTerminal(text: string): string {
  const lines = text.trimEnd().split("\n");
  const columns = Math.max(...lines.map((line) => plainText(line).length));
  const width = Math.ceil(columns * CHARACTER_WIDTH + 2 * MARGIN);
  const height = lines.length * LINE_HEIGHT + 2 * MARGIN;
  const drawn = lines.map(
    (line, index) =>
      `<text xml:space="preserve" x="${MARGIN}" y="${MARGIN + 13 + index * LINE_HEIGHT}">${drawLine(line)}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<rect width="100%" height="100%" rx="8" fill="#161b22"/>`,
    `<g fill="#e6edf3" font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="13">`,
    ...drawn,
    "</g>",
    "</svg>\n",
  ].join("\n");
}

if (import.meta.main) process.stdout.write(drawTerminal(readFileSync(0, "utf8")));
