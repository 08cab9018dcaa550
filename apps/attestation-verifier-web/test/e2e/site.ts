import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";

import { type Program, startProgram } from "./program.ts";

const APP = fileURLToPath(new URL("../../", import.meta.url));

/** The folder of a build of this checkout; `anew` makes it from the sources as they are. */
export async function builtSite(flavour: "site" | "sim" | "single", age: "anew" | "any" = "any"): Promise<string> {
  const folder = `${APP}dist/${flavour}`;
  if (age === "anew" || !existsSync(folder))
    await build({ configFile: `${APP}vite.config.ts`, mode: flavour === "site" ? "production" : flavour });
  return folder;
}

/** Serves a build with the real API beside it, as `pnpm verifier` does: rules and headers are those of production. */
export async function serveSite(
  folder: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Program> {
  return await startProgram(
    "apps/verifier-api/src/local/main.ts",
    ["--port", "0", "--site", folder, ...args],
    env,
    /listens on (http:\S+)/,
  );
}
