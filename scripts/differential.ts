import { fileURLToPath } from "node:url";
import { execa } from "execa";

/**
 * `pnpm --silent differential [--cases N] [--markdown | --json]`: judges thousands of quotes with this project and with two
 * other implementations, and lists every disagreement with the rule behind it. Ends with 1 when one has none or a rule
 * explains nothing, 2 when the flags are wrong.
 */
const MAIN = fileURLToPath(new URL("../packages/tee-simulator/test/differential/main.ts", import.meta.url));

const run = await execa(process.execPath, [MAIN, ...process.argv.slice(2)], { stdio: "inherit", reject: false });
process.exitCode = run.exitCode ?? 1;
