import { fileURLToPath } from "node:url";
import { execa } from "execa";

/**
 * `pnpm test`: every test, in Node and then, for the core verifier and the public verifier's pages, in Chromium; one exit code for all. Arguments are
 * vitest's own, narrow the run (`--project tdx-quote`) and keep it in Node; `pnpm test:browser` takes them for Chromium.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);

const inNode = await execa("vitest", ["run", ...args], {
  cwd: root,
  preferLocal: true,
  localDir: root,
  stdio: "inherit",
  reject: false,
});
let passed = inNode.exitCode === 0;

if (args.length === 0) {
  const script = fileURLToPath(new URL("browser-tests.ts", import.meta.url));
  const inBrowser = await execa(process.execPath, [script], { stdio: "inherit", reject: false });
  passed &&= inBrowser.exitCode === 0;
} else {
  process.stderr.write("not run: the tests in Chromium, since this run was narrowed (pnpm test:browser)\n");
}
process.exitCode = passed ? 0 : 1;
