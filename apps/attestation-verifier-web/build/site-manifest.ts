import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { build, type Plugin } from "vite";

import type { BuildFacts } from "../src/build-facts.ts";

/** Where the list of this site's files stands. Source: docs/verifier-api.md. */
const MANIFEST = ".well-known/verifier-manifest.json";

/** Puts the single file beside the site that offers it, and writes the list of all files with their digests. */
export function siteManifest(facts: BuildFacts, root: string): Plugin {
  let folder = "";
  return {
    name: "mero-tee-site-manifest",
    apply: "build",
    configResolved({ build: { outDir } }) {
      folder = join(root, outDir);
    },
    async closeBundle() {
      if (facts.flavour === "site") {
        await build({ configFile: join(root, "vite.config.ts"), mode: "single" });
        const page = readFileSync(join(root, "dist/single/verifier-offline.html"));
        writeFileSync(join(folder, "verifier-offline.html"), page);
      }
      const files = readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
        .filter((path) => path !== MANIFEST)
        .toSorted()
        .map((path) => {
          const bytes = readFileSync(join(folder, path));
          return { path: `/${path}`, sha256: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length };
        });
      const { commit, committedAt, version } = facts;
      const document = { schema: "mero-tee/site-manifest/1", version, commit, build_time: committedAt, files };
      mkdirSync(join(folder, ".well-known"), { recursive: true });
      writeFileSync(join(folder, MANIFEST), `${JSON.stringify(document, null, 2)}\n`);
    },
  };
}
