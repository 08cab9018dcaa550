import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as tdxQuote from "../packages/tdx-quote/src/index.ts";
import { blocksOf, chapterOf, codeOf, readPage, rowsOf } from "./markdown.ts";

const page = readPage("README.md");
const manifest: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(readPage("package.json"));

describe("README.md", () => {
  test("names the two commands, alone in their blocks", () => {
    const blocks = blocksOf(page, "sh").map((text) => text.trim());
    expect(blocks.slice(0, 2)).toEqual(["npx --yes pnpm@10 start", "npx --yes pnpm@10 test"]);
  });

  test("runs scripts that exist", () => {
    const commands = [...page.matchAll(/npx --yes pnpm@10 (?:--silent )?(?<script>[a-z-]+)/g)];
    expect(commands.length).toBeGreaterThan(3);
    expect(commands.filter(({ groups }) => manifest.scripts[groups?.["script"] ?? ""] === undefined)).toEqual([]);
  });

  test("has on its map every package, every app, and what makes images and releases", () => {
    const mapped = rowsOf(chapterOf(page, "Map")).flatMap(([path = ""]) => codeOf(path));
    const rooms = ["packages", "apps"].flatMap((floor) => readdirSync(floor).map((name) => `${floor}/${name}`));
    expect(mapped.toSorted()).toEqual([...rooms, ".github", "ansible", "docs", "packer", "scripts", "test"].toSorted());
  });

  test("imports in its example what the package exports", () => {
    const [example = ""] = blocksOf(page, "ts");
    const [, names = "", from] = /^import \{ (.+) \} from "(.+)";$/m.exec(example) ?? [];
    expect(from).toBe("@mero-tee/tdx-quote");
    expect(names.split(", ").filter((name) => !(name in tdxQuote))).toEqual([]);
  });
});
