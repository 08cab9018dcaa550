import { describe, expect, test } from "vitest";
import { drawTerminal, plainText } from "../scripts/terminal-picture.ts";
import { blocksOf, readPage } from "./markdown.ts";

/** The lines of a picture as they read. */
function linesOf(svg: string): readonly string[] {
  return [...svg.matchAll(/<text [^>]*>(?<line>.*)<\/text>/g)].map(({ groups }) =>
    (groups?.["line"] ?? "")
      .replaceAll(/<[^>]+>/g, "")
      .replaceAll("&lt;", "<")
      .replaceAll("&gt;", ">")
      .replaceAll("&amp;", "&"),
  );
}

describe("a picture of a terminal", () => {
  test("reads like the text that it was drawn from", () => {
    const text = "\u001B[1ma < b\u001B[22m\n\n  \u001B[32m✓\u001B[39m c && d   \u001B[2me > f\u001B[22m\n";
    expect(linesOf(drawTerminal(text))).toEqual(["a < b", "", "  ✓ c && d   e > f"]);
    expect(plainText(text)).toBe("a < b\n\n  ✓ c && d   e > f\n");
  });

  test("has a colour where the text has a style, and none behind it", () => {
    const svg = drawTerminal("\u001B[32m✓\u001B[39m done");
    expect(svg).toContain('<tspan fill="#6fdd8b">✓</tspan> done</text>');
  });
});

test("the picture in README.md is the text beside it", () => {
  const readme = readPage("README.md");
  const shown = blocksOf(readme, "text").find((text) => text.includes("Booted")) ?? "";
  expect(readme).toContain("](docs/images/dev.svg)");
  expect(linesOf(readPage("docs/images/dev.svg"))).toEqual(shown.trimEnd().split("\n"));
});
