import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { settle, variable } from "./script-outcome.ts";

/**
 * `node scripts/path-of-programs.ts`: lets the later steps of a job find the programs that the lockfile names, Node.js first of all. Adds
 * their directory to `GITHUB_PATH`. Ends with 0, 1 or 2 (not in a workflow).
 */
await settle(async () => {
  const programs = join(variable("GITHUB_WORKSPACE"), "node_modules/.bin");
  await appendFile(variable("GITHUB_PATH"), `${programs}\n`);
  return `later steps find what is in ${programs}`;
});
