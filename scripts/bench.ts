import { fileURLToPath } from "node:url";
import { execa } from "execa";

/**
 * `pnpm --silent bench NAME [--json]`: runs one bench in a process of its own. Figures are medians of one run on this machine;
 * compare them only with others of the same run.
 */
const BENCHES: Readonly<Record<string, string>> = {
  quote: "../packages/tee-simulator/bench/quote.ts",
  kms: "../apps/kms-phala/bench/kms.ts",
};

const [name = "", ...rest] = process.argv.slice(2);
const file = BENCHES[name];
if (file === undefined) {
  process.stderr.write(`usage: pnpm --silent bench ${Object.keys(BENCHES).join("|")} [--json]\n`);
  process.exitCode = 2;
} else {
  const run = await execa(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...rest], {
    stdio: "inherit",
    reject: false,
  });
  process.exitCode = run.exitCode ?? 1;
}
