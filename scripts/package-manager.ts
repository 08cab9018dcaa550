import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Runs pnpm, as the repository pins it, in the root of the repository; gives what it prints. Throws where it fails. */
export async function pnpm(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  const pinned = String(new Map(Object.entries(manifest ?? {})).get("packageManager"));
  return (await execa("npx", ["--yes", pinned, ...args], { cwd: ROOT, env: environment })).stdout;
}
