import { createHash } from "node:crypto";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildContext } from "./build-context.ts";
import { writeContext } from "./context-store.ts";
import { fetchParts } from "./part-store.ts";

/**
 * `pnpm --filter @mero-tee/kms-phala image --parts DIR [--mirror URL] [--bundle DIR] [--out DIR] [--json] [--dry-run]`: makes the
 * directory in which `docker build` makes the images, from what bundling made and the packages of `base.lock.json` in DIR. With
 * `--mirror` (a Debian archive) packages that are missing there are fetched. Times are `SOURCE_DATE_EPOCH`, or 0. Ends with 2 on
 * arguments that do not fit.
 */
const DIST = fileURLToPath(new URL("../dist", import.meta.url));

function readArguments(args: readonly string[], epoch: string) {
  const { values } = parseArgs({
    // pnpm hands on the dashes that end its own options.
    args: args.filter((argument, index) => index > 0 || argument !== "--"),
    options: {
      parts: { type: "string" },
      mirror: { type: "string" },
      bundle: { type: "string", default: DIST },
      out: { type: "string", default: `${DIST}/image` },
      json: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
    },
  });
  if (values.parts === undefined) throw new Error("--parts must name the directory of the packages in base.lock.json");
  if (!/^\d{1,10}$/.test(epoch)) throw new Error("SOURCE_DATE_EPOCH must be a time in Unix seconds");
  return { ...values, parts: resolve(values.parts), out: resolve(values.out), modifiedAt: Number(epoch) };
}

async function main(given: ReturnType<typeof readArguments>): Promise<void> {
  if (given.mirror !== undefined) await fetchParts(given.parts, given.mirror);
  const context = await buildContext(resolve(given.bundle), given.parts);
  if (!given["dry-run"]) await writeContext(given.out, context, given.modifiedAt);
  const files = [...context].map(([name, { content }]) => ({
    name,
    sha256: createHash("sha256").update(content).digest("hex"),
  }));
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join("");
  process.stdout.write(
    given.json ? `${JSON.stringify({ schemaVersion: 1, out: given.out, files }, null, 2)}\n` : lines,
  );
}

let given: ReturnType<typeof readArguments>;
try {
  given = readArguments(process.argv.slice(2), process.env["SOURCE_DATE_EPOCH"] ?? "0");
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
await main(given);
