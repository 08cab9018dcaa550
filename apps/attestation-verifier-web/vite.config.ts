import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type UserConfig } from "vite";

import { newestReleases } from "./build/newest-releases.ts";
import { offlinePage } from "./build/offline-page.ts";
import { siteManifest } from "./build/site-manifest.ts";
import type { BuildFacts, BuildFlavour } from "./src/build-facts.ts";

const root = fileURLToPath(new URL(".", import.meta.url));

function git(...args: readonly string[]): string | null {
  try {
    return execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null;
  }
}

/** What a build says about itself; nothing of it depends on when or where it is made. */
function buildFacts(flavour: BuildFlavour): BuildFacts {
  const commit = process.env["MERO_TEE_COMMIT"] ?? git("rev-parse", "HEAD") ?? "unknown";
  const time = git("show", "-s", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", "HEAD");
  const version = process.env["MERO_TEE_VERSION"] ?? "0.0.0";
  const newest = newestReleases(readFileSync(new URL("../../compatibility-catalog.json", import.meta.url), "utf8"));
  return { flavour, version, commit, committedAt: time ?? "unknown", newest };
}

const FLAVOURS: Readonly<Record<string, BuildFlavour>> = { sim: "sim", single: "single" };

/** `vite build` makes the site, `--mode sim` the build for a simulated platform, `--mode single` the one file. */
export default defineConfig(({ mode }): UserConfig => {
  // Whoever builds may have another word here, test runners for example, and React would come in its development form.
  process.env["NODE_ENV"] = "production";
  const flavour = FLAVOURS[mode] ?? "site";
  const facts = buildFacts(flavour);
  const isSingle = flavour === "single";
  return {
    root,
    logLevel: "warn",
    define: { BUILD_FACTS: JSON.stringify(facts) },
    publicDir: isSingle ? false : "public",
    plugins: isSingle ? [offlinePage()] : [siteManifest(facts, root)],
    worker: { format: "iife" },
    build: {
      outDir: `dist/${flavour}`,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      cssCodeSplit: !isSingle,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      rolldownOptions: isSingle
        ? { output: { codeSplitting: false } }
        : {
            input: { index: `${root}/index.html`, sw: `${root}/src/service-worker/main.ts` },
            output: {
              entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
            },
          },
    },
  };
});
