import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { which } from "zx";
import { provideChromium } from "./chromium.ts";

/**
 * `pnpm test:browser [pages] [ARGUMENTS OF VITEST]`: the tests of the core verifier in headless Chromium, then those of the
 * public verifier's pages against the real local stack. Without one, and without the
 * right to install it, this says what it skips; in CI that is a failure, because a check that did not run has not passed.
 */
const root = fileURLToPath(new URL("..", import.meta.url));
const CORE = "vitest.browser.config.ts";
const PAGES = "vitest.e2e.config.ts";
const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

async function find(): Promise<string | null> {
  for (const name of NAMES) {
    const path = await which(name, { nothrow: true });
    if (path !== null) return path;
  }
  return null;
}

async function apt(...args: readonly string[]): Promise<boolean> {
  const run = await execa("apt-get", args, {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
    reject: false,
  });
  return run.exitCode === 0;
}

async function install(): Promise<boolean> {
  process.stdout.write("installing Debian's chromium\n");
  return (await apt("update", "-qq")) && (await apt("install", "-y", "-qq", "--no-install-recommends", "chromium"));
}

const mayInstall = process.getuid?.() === 0 && existsSync("/etc/debian_version");
const chromium = await provideChromium({ find, ...(mayInstall ? { install } : {}) });
if (chromium.kind === "missing") {
  const isCi = !["", "0", "false"].includes(process.env["CI"] ?? "");
  process.stderr.write(`${isCi ? "failed" : "skipped"}: the tests in a browser (${chromium.why})\n`);
  process.exitCode = isCi ? 1 : 0;
} else {
  const args = process.argv.slice(2);
  // Arguments narrow the run, and mean the core verifier's tests or, after `pages`, those of the public verifier.
  const isPages = args[0] === "pages";
  const configs = args.length === 0 ? [CORE, PAGES] : [isPages ? PAGES : CORE];
  for (const config of configs) {
    const run = await execa("vitest", ["run", "--config", config, ...args.slice(isPages ? 1 : 0)], {
      cwd: root,
      preferLocal: true,
      localDir: root,
      env: { MERO_TEE_CHROMIUM: chromium.path },
      stdio: "inherit",
      reject: false,
    });
    if (run.exitCode !== 0) process.exitCode = run.exitCode ?? 1;
  }
}
