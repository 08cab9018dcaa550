import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

/**
 * `pnpm mutation [Stryker's flags]`: changes the code that judges, one place at a time, and counts the changes that no test notices.
 * Ends with 1 below the score that `stryker.config.json` demands. Narrow it with `--mutate packages/tdx-quote/src/tcb-status.ts`.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const vectors = fileURLToPath(new URL("../../shared", import.meta.url));
const sandboxes = fileURLToPath(new URL("../.stryker-tmp", import.meta.url));

// Stryker copies the tree one folder down; the tests look for the recorded quotes beside the tree they are in.
mkdirSync(sandboxes, { recursive: true });
const link = `${sandboxes}/shared`;
if (existsSync(vectors) && !existsSync(link)) symlinkSync(vectors, link);

const run = await execa("stryker", ["run", ...process.argv.slice(2)], {
  cwd: root,
  preferLocal: true,
  stdio: "inherit",
  reject: false,
});
process.exitCode = run.exitCode ?? 1;
