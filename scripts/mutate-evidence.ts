import { fileURLToPath } from "node:url";
import { execa } from "execa";

/**
 * `pnpm --silent mutate-evidence [--json] [--jobs N] [--pass N]`: turns over every bit of a valid quote and of every part of its
 * collateral, one at a time, and judges each result. Ends with 1 when a verdict is not the one that the table of
 * unauthenticated bytes says (docs/evidence-mutation.md), 2 when the flags are wrong.
 */
const main = fileURLToPath(new URL("../packages/tee-simulator/test/evidence-mutation/main.ts", import.meta.url));
const run = await execa(process.execPath, [main, ...process.argv.slice(2)], { stdio: "inherit", reject: false });
process.exitCode = run.exitCode ?? 1;
