import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { commitTime } from "../commit-time.ts";
import { pnpm } from "../package-manager.ts";
import { neededVersion } from "../needed-version.ts";
import { needed, settle, variable } from "../script-outcome.ts";
import { makeTwice } from "./make-twice.ts";

/**
 * `node scripts/release/verifier-build.ts --version X.Y.Z --out DIR [--catalog FILE] [--dry-run]`: builds the public verifier of the commit
 * `GITHUB_SHA` and packs it for its lane, all of it twice, and compares. DIR may not be there before; with `--dry-run` it never is. Ends
 * with 0, 1 (a build failed), 2 (usage) or 10 (the two differ).
 */
const OPTIONS = {
  version: { type: "string" },
  out: { type: "string" },
  catalog: { type: "string", default: "compatibility-catalog.json" },
  "dry-run": { type: "boolean", default: false },
} as const;

const PACKER = fileURLToPath(new URL("verifier-files.ts", import.meta.url));
const BUILD = ["--filter", "@mero-tee/attestation-verifier-web", "--filter", "@mero-tee/verifier-api", "run", "build"];

async function build(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const version = neededVersion(values.version);
  const out = resolve(needed(values.out, "out"));
  const commit = variable("GITHUB_SHA");
  const env = { SOURCE_DATE_EPOCH: String(await commitTime(commit)) };
  const make = async (directory: string): Promise<void> => {
    await pnpm(BUILD, { MERO_TEE_VERSION: version, MERO_TEE_COMMIT: commit });
    const args = ["--version", version, "--out", directory, "--catalog", values.catalog];
    await execa(process.execPath, [PACKER, ...args], { env });
  };
  const names = await makeTwice(make, values["dry-run"] ? null : out);
  return `the same twice: ${names.join(", ")}`;
}

await settle(build);
