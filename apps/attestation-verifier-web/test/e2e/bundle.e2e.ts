import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { SIMULATED_MARK } from "@mero-tee/tee-simulator";
import { beforeAll, describe, expect, test } from "vitest";

import { builtSite } from "./site.ts";

/** Budgets in bytes, gzip. Source: docs/verifier.md. */
const BUDGETS = { initialScript: 95_000, allScript: 230_000, style: 14_000 };

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

let folder: string;
let single: string;
const gzip = (path: string): number => gzipSync(readFileSync(join(folder, path)), { level: 9 }).length;
const sum = (sizes: readonly number[]): number => sizes.reduce((total, size) => total + size, 0);

beforeAll(async () => {
  folder = await builtSite("site");
  single = readFileSync(join(folder, "verifier-offline.html"), "utf8");
});

describe("the site", () => {
  test("is within its budgets", () => {
    const page = readFileSync(join(folder, "index.html"), "utf8");
    const initial = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path = ""]) => path);
    const assets = readdirSync(join(folder, "assets")).map((name) => `assets/${name}`);
    const sizes = {
      initialScript: sum(initial.map(gzip)),
      allScript: sum(assets.filter((path) => path.endsWith(".js")).map(gzip)),
      style: sum(assets.filter((path) => path.endsWith(".css")).map(gzip)),
    };
    process.stdout.write(`sizes, gzip: ${JSON.stringify(sizes)}\n`);
    expect(initial.length).toBeGreaterThan(0);
    expect(sizes.initialScript).toBeLessThanOrEqual(BUDGETS.initialScript);
    expect(sizes.allScript).toBeLessThanOrEqual(BUDGETS.allScript);
    expect(sizes.style).toBeLessThanOrEqual(BUDGETS.style);
  });

  test.each([SIMULATED_MARK, "/sim/anchors.json", "/sim/examples.json", 'from"node:', "http://127.0.0.1"])(
    "does not contain %j",
    (text) => {
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const holders = files.filter(({ parentPath, name }) =>
        readFileSync(join(parentPath, name), "utf8").includes(text),
      );
      expect(holders.map(({ name }) => name)).toEqual([]);
    },
  );

  test("loads nothing from elsewhere", () => {
    const page = readFileSync(join(folder, "index.html"), "utf8");
    expect(page.match(/(?:src|href)="(?!\/)[^"]*"/g)).toBeNull();
  });

  test("lists each of its files with the digest that it has", () => {
    const manifest: { files: { path: string; sha256: string }[] } = JSON.parse(
      readFileSync(join(folder, ".well-known/verifier-manifest.json"), "utf8"),
    );
    const paths = manifest.files.map(({ path }) => path);
    expect(paths).toContain("/index.html");
    expect(paths).toContain("/verifier-offline.html");
    for (const { path, sha256 } of manifest.files) {
      expect(
        createHash("sha256")
          .update(readFileSync(join(folder, path)))
          .digest("hex"),
      ).toBe(sha256);
    }
  });
});

/** Copies the sources as they are, with the installed packages beside them as links. */
async function copySources(to: string): Promise<void> {
  const files = execFileSync("git", ["-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  for (const path of files
    .split("\0")
    .filter((each) => /^(?:packages|apps\/attestation-verifier-web)\/|^[^/]+$/.test(each))) {
    if (!existsSync(join(ROOT, path))) continue;
    await cp(join(ROOT, path), join(to, path));
  }
  await symlink(join(ROOT, "node_modules"), join(to, "node_modules"));
  for (const room of globSync(["packages/*/node_modules", "apps/attestation-verifier-web/node_modules"], { cwd: ROOT }))
    await cp(join(ROOT, room), join(to, room), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\/node_modules\/\.(?!bin)/.test(path),
    });
}

/** SHA-256 of every file below a folder, by path. */
function digestsOf(below: string): ReadonlyMap<string, string> {
  const files = readdirSync(below, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const digests = files.map(({ parentPath, name }): [string, string] => {
    const path = join(parentPath, name);
    return [relative(below, path), createHash("sha256").update(readFileSync(path)).digest("hex")];
  });
  return new Map(digests.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

test("built again from the same sources in another folder, the site is the same to the byte", async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), "mero-built-again-"));
  try {
    await copySources(elsewhere);
    const history = execFileSync("git", ["-C", ROOT, "rev-parse", "--absolute-git-dir"], { encoding: "utf8" }).trim();
    const app = join(elsewhere, "apps/attestation-verifier-web");
    const script = `import { build } from "vite"; await build({ configFile: ${JSON.stringify(join(app, "vite.config.ts"))}, mode: "production" });`;
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: app,
      // The copy has no history of its own, and the page says of which commit it is.
      env: { ...process.env, GIT_DIR: history },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const again = digestsOf(join(app, "dist/site"));
    expect(again.size).toBeGreaterThan(10);
    expect(again).toEqual(digestsOf(folder));
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}, 240_000);

test("the single file forbids itself everything but its own script, and names that by its digest", () => {
  const policy = /http-equiv="content-security-policy" content="([^"]+)"/.exec(single)?.[1] ?? "";
  const script = /<script type="module">([\s\S]*?)<\/script>/.exec(single)?.[1] ?? "";
  const digest = createHash("sha256").update(script).digest("base64");
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain(`script-src 'sha256-${digest}'`);
  expect(policy).not.toMatch(/connect-src|unsafe|https?:/);
  expect(single.match(/<(?:link|script|img)[^>]*(?:src|href)=/g)).toBeNull();
});
