import { rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { ASSET } from "../../packages/release-artifacts/src/index.ts";
import { commitTime } from "../commit-time.ts";
import { neededVersion } from "../needed-version.ts";
import { needed, settle, variable } from "../script-outcome.ts";
import { makeTwice } from "./make-twice.ts";

/**
 * `node scripts/release/kms-build.ts --version X.Y.Z --mirror URL --out DIR --context DIR [--parts DIR] [--dry-run]`: bundles the KMS of
 * the commit `GITHUB_SHA` twice, compares, and makes the directory from which its images are built. Neither OUT nor the context may be there
 * before; packages of the images are fetched from a Debian mirror into PARTS. With `--dry-run` it compares, and leaves nothing. Ends with
 * 0, 1 (a build failed), 2 (usage) or 10 (the two bundles differ).
 */
const OPTIONS = {
  version: { type: "string" },
  mirror: { type: "string" },
  out: { type: "string" },
  context: { type: "string" },
  parts: { type: "string", default: "parts" },
  "dry-run": { type: "boolean", default: false },
} as const;

const APP = fileURLToPath(new URL("../../apps/kms-phala", import.meta.url));

async function build(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const version = neededVersion(values.version);
  const [mirror, out] = [needed(values.mirror, "mirror"), resolve(needed(values.out, "out"))];
  const context = resolve(needed(values.context, "context"));
  const commit = variable("GITHUB_SHA");
  const env = { SOURCE_DATE_EPOCH: String(await commitTime(commit)) };
  const run = async (program: string, ...args: readonly string[]): Promise<void> => {
    await execa(process.execPath, [join(APP, program), ...args], { env });
  };
  const bundle = async (directory: string): Promise<void> =>
    await run("bundle/main.ts", "--version", version, "--commit", commit, "--out", directory);
  const names = await makeTwice(bundle, values["dry-run"] ? null : out);
  if (!values["dry-run"]) {
    const parts = ["--parts", resolve(values.parts), "--mirror", mirror];
    await run("image/main.ts", ...parts, "--bundle", out, "--out", context);
    await rename(join(context, ASSET.containerSbom), join(out, ASSET.containerSbom));
  }
  return `the same twice: ${names.join(", ")}`;
}

await settle(build);
