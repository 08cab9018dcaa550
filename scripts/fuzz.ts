import { fileURLToPath } from "node:url";
import { execa } from "execa";

/**
 * `pnpm fuzz [--seconds N] [--target NAME]... [--seed N] [--jobs N] [--json]`: fuzzes every parser of quotes and signatures in
 * a process of its own. Ends with 1 when a parser broke a promise, 2 when the flags are wrong.
 */
const main = fileURLToPath(new URL("../packages/tee-simulator/fuzz/main.ts", import.meta.url));
const run = await execa(process.execPath, [main, ...process.argv.slice(2)], { stdio: "inherit", reject: false });
process.exitCode = run.exitCode ?? 1;
