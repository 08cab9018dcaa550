import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { BUILD } from "../src/config/build.ts";
import { parseReleaseVersion } from "../src/config/release-version.ts";
import { releaseFiles } from "./release-files.ts";

/**
 * `pnpm --filter @mero-tee/kms-phala bundle [--version X.Y.Z] [--commit HEX] [--out DIR] [--json] [--dry-run]`: makes the KMS as
 * one file, with NOTICES, the release archive and the SBOM. The version is the package's unless said otherwise. A commit needs its
 * time in `SOURCE_DATE_EPOCH`; without one the build says that it is of no commit. Ends with 2 on arguments that do not fit.
 */
const DIST = fileURLToPath(new URL("../dist", import.meta.url));

interface Arguments {
  readonly version: string;
  readonly commit: string | null;
  readonly modifiedAt: number;
  readonly out: string;
  readonly asJson: boolean;
  readonly isDryRun: boolean;
}

function readArguments(args: readonly string[], epoch: string | undefined): Arguments {
  const { values } = parseArgs({
    // pnpm hands on the dashes that end its own options.
    args: args.filter((argument, index) => index > 0 || argument !== "--"),
    options: {
      version: { type: "string", default: BUILD.version },
      commit: { type: "string" },
      out: { type: "string", default: DIST },
      json: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
    },
  });
  const version = parseReleaseVersion(values.version);
  if (!version.ok) throw new Error(`--version ${version.error}`);
  const { commit = null } = values;
  if (commit !== null && !/^[0-9a-f]{40}$/.test(commit)) throw new Error("--commit must be 40 lower-case hex digits");
  if (epoch === undefined ? commit !== null : !/^\d{1,10}$/.test(epoch)) {
    throw new Error("SOURCE_DATE_EPOCH must be the time of the commit, in Unix seconds");
  }
  return {
    version: version.value,
    commit,
    modifiedAt: Number(epoch ?? 0),
    out: resolve(values.out),
    asJson: values.json,
    isDryRun: values["dry-run"],
  };
}

async function main({ version, commit, modifiedAt, out, asJson, isDryRun }: Arguments): Promise<void> {
  const contents = await releaseFiles({ version, commit }, modifiedAt);
  if (!isDryRun) {
    await mkdir(out, { recursive: true });
    for (const [name, content] of contents) {
      await writeFile(join(out, `.${name}.part`), content);
      await rename(join(out, `.${name}.part`), join(out, name));
    }
  }
  const files = [...contents].map(([name, content]) => ({
    name,
    bytes: content.length,
    sha256: createHash("sha256").update(content).digest("hex"),
  }));
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
  process.stdout.write(asJson ? `${JSON.stringify({ schemaVersion: 1, version, commit, files }, null, 2)}\n` : lines);
}

let given: Arguments;
try {
  given = readArguments(process.argv.slice(2), process.env["SOURCE_DATE_EPOCH"]);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
await main(given);
