import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { settle, variable } from "./script-outcome.ts";

/**
 * `node scripts/path-of-programs.ts [--dry-run]`: lets the later steps of a job find the programs that the lockfile names, Node.js first of
 * all. Adds their directory to `GITHUB_PATH`; with `--dry-run` it only says so. Ends with 0, 1 or 2 (not in a workflow).
 */
await settle(async () => {
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean", default: false } } });
  const [path, programs] = [variable("GITHUB_PATH"), join(variable("GITHUB_WORKSPACE"), "node_modules/.bin")];
  if (values["dry-run"]) return `later steps would find what is in ${programs}`;
  await appendFile(path, `${programs}\n`);
  return `later steps find what is in ${programs}`;
});
