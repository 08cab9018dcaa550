import { existsSync, globSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { codeOf, headingsOf, proseOf, readPage, ROOT } from "./markdown.ts";

const IGNORED = new Set(["node_modules", ".git", ".turbo", "dist", "coverage"]);

/** Every page of the repository, by its path from the root. */
const pages = globSync("**/*.md", {
  cwd: ROOT,
  exclude: (path) => IGNORED.has(path.split("/").at(-1) ?? ""),
}).toSorted();

interface Link {
  readonly page: string;
  readonly target: string;
}

/** Links and pictures, without those inside code. */
function linksOf(page: string): readonly Link[] {
  const prose = proseOf(readPage(page)).replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, " "));
  const inline = [...prose.matchAll(/\]\((?<target>[^)\s]+)(?: "[^"]*")?\)/g)];
  const references = [...prose.matchAll(/^\[[^\]]+\]: (?<target>\S+)/gm)];
  return [...inline, ...references].map(({ groups }) => ({ page, target: groups?.["target"] ?? "" }));
}

/** Why a link inside the repository leads nowhere; null if it leads somewhere. */
function problemOf({ page, target }: Link): string | null {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : normalize(join(dirname(page), decodeURIComponent(path)));
  if (path.startsWith("/") || file.startsWith("..")) return "leaves the repository";
  if (!existsSync(`${ROOT}${file}`)) return "there is no such file";
  if (anchor === undefined) return null;
  if (statSync(`${ROOT}${file}`).isDirectory() || !file.endsWith(".md"))
    return "an anchor in something that is no page";
  return headingsOf(readPage(file)).some((heading) => heading.anchor === anchor) ? null : "there is no such heading";
}

const links = pages.flatMap(linksOf);
const inside = links.filter(({ target }) => !/^[a-z][a-z0-9+.-]*:/.test(target));

describe("links between pages", () => {
  test("are found", () => {
    expect(pages).toContain("README.md");
    expect(pages).toContain("docs/errors.md");
    expect(inside.length).toBeGreaterThan(50);
  });

  test.each(pages)("of %s lead to files and headings that exist", (page) => {
    const broken = inside.filter((link) => link.page === page && problemOf(link) !== null);
    expect(broken.map((link) => `${link.target}: ${problemOf(link)}`)).toEqual([]);
  });

  test.each([
    { target: "docs/nowhere.md", problem: "there is no such file" },
    { target: "docs/errors.md#no-such-code", problem: "there is no such heading" },
    { target: "#nowhere", problem: "there is no such heading" },
    { target: "../elsewhere.md", problem: "leaves the repository" },
    { target: "docs/errors.md#quote-truncated", problem: null },
    { target: "docs/configuration.md#listen_addr", problem: null },
  ])("$target from the root: $problem", ({ target, problem }) => {
    expect(problemOf({ page: "README.md", target })).toBe(problem);
  });

  test("to the world are https", () => {
    const outside = links.filter((link) => !inside.includes(link));
    expect(outside.filter(({ target }) => !target.startsWith("https://"))).toEqual([]);
  });
});

/** Whether a path exists, seen from the root or, in the page of a package, from there. */
function isThere(page: string, path: string): boolean {
  const parts = page.split("/").slice(0, -1);
  return (
    parts.some((_, depth) => existsSync(join(ROOT, ...parts.slice(0, depth + 1), path))) || existsSync(join(ROOT, path))
  );
}

describe("paths that pages name", () => {
  const named = pages.flatMap((page) =>
    codeOf(proseOf(readPage(page)))
      .filter((code) => /^(?:packages|apps|docs|test|scripts|\.ci)\/[\w./-]+$/.test(code))
      .map((path) => ({ page, path })),
  );

  test("are found", () => {
    expect(named.length).toBeGreaterThan(5);
  });

  test("exist", () => {
    expect(named.filter(({ page, path }) => !isThere(page, path))).toEqual([]);
  });
});

describe("headings", () => {
  test.each(pages)("of %s begin with the one title", (page) => {
    const levels = headingsOf(readPage(page)).map(({ level }) => level);
    expect(levels.filter((level) => level === 1)).toEqual([1]);
    expect(levels[0]).toBe(1);
  });

  test("get the anchors that GitHub gives them", () => {
    const page =
      "# `LISTEN_ADDR`, and more\n\n## KMS_HTTP_INSECURE\n\n## `GET /health`\n\n## A\n\n```sh\n# no heading\n```\n\n## A\n";
    expect(headingsOf(page).map(({ anchor }) => anchor)).toEqual([
      "listen_addr-and-more",
      "kms_http_insecure",
      "get-health",
      "a",
      "a-1",
    ]);
  });
});
