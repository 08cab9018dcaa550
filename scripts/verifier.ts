import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildPage } from "./build-page.ts";

/** `pnpm verifier`: the page, built if need be, and the API, with the rules of production. */
const MAIN = fileURLToPath(new URL("../apps/verifier-api/src/local/main.ts", import.meta.url));
const args = process.argv.slice(2);
const needsPage = !args.includes("--help") && !args.some((word) => word === "--site" || word.startsWith("--site="));
const site = needsPage ? ["--site", await buildPage("site")] : [];
const child = spawn(process.execPath, [MAIN, ...site, ...args], { stdio: "inherit" });
// A terminal interrupts both; whoever ends only this process means the server.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.once("exit", (code) => {
  process.exitCode = code ?? 1;
});
