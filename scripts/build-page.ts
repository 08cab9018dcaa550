import { globSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = join(ROOT, "apps/attestation-verifier-web");
/** Everything that ends up in the page. */
const SOURCES = [
  "apps/attestation-verifier-web/{src,public,build}/**",
  "apps/attestation-verifier-web/{index.html,vite.config.ts,package.json}",
  "packages/{tdx-quote,policy,kms-protocol,release-artifacts,appraisal}/src/**",
  "compatibility-catalog.json",
  "pnpm-lock.yaml",
];

/** The builds of the page that a server serves. */
export type PageFlavour = "site" | "sim";

/** When the newest of some files was changed; 0 where there is none. */
export function newestMs(root: string, patterns: readonly string[]): number {
  const times = globSync([...patterns], { cwd: root }).map((file) => statSync(join(root, file)).mtimeMs);
  return Math.max(0, ...times);
}

/**
 * Builds the verifier's page, unless the last build is newer than its sources.
 *
 * @returns the folder with the built page
 */
export async function buildPage(flavour: PageFlavour): Promise<string> {
  const folder = join(PAGE, "dist", flavour);
  if (newestMs(folder, ["index.html"]) > newestMs(ROOT, SOURCES)) return folder;
  // Made aside: whoever serves the last build, or builds at the same time, finds whole folders only.
  const aside = `dist/${flavour}.${process.pid}`;
  await build({
    configFile: join(PAGE, "vite.config.ts"),
    mode: flavour === "sim" ? "sim" : "production",
    build: { outDir: aside },
  });
  await rm(folder, { recursive: true, force: true });
  await rename(join(PAGE, aside), folder);
  return folder;
}

if (import.meta.main) {
  const flavour = process.argv[2] === "sim" ? "sim" : "site";
  process.stdout.write(`${JSON.stringify({ event: "built", folder: await buildPage(flavour) })}\n`);
}
