import { fileURLToPath } from "node:url";
import { build } from "vite";
import type { Build } from "../src/config/build.ts";

/** Name of the bundle, wherever it lies. */
export const BUNDLE_NAME = "mero-kms-phala.mjs";

/** The service as one module, and where its code comes from. */
export interface ServiceBundle {
  readonly code: string;
  /** Paths of the modules in it, absolute. */
  readonly modules: readonly string[];
}

const ROOM = fileURLToPath(new URL("..", import.meta.url));

/**
 * Bundles the service with everything that it imports but Node's own modules. The bytes follow from the sources, the lockfile and
 * the build alone: no path, time or name of this machine is in them, and no name is shortened, so that they can be read.
 *
 * @param entry - the module to bundle, as seen from the room; anything but the service only in tests
 * @throws when the sources do not build, or need more than one file
 */
export async function bundleService(made: Build, entry: string = "src/main.ts"): Promise<ServiceBundle> {
  const built = await build({
    configFile: false,
    envDir: false,
    logLevel: "warn",
    root: ROOM,
    mode: "production",
    define: { MERO_KMS_BUILD: JSON.stringify(made) },
    ssr: { noExternal: true, target: "node" },
    build: {
      ssr: entry,
      target: "node24",
      minify: false,
      write: false,
      rolldownOptions: {
        output: { format: "es", entryFileNames: BUNDLE_NAME, codeSplitting: false, comments: { legal: false } },
        experimental: { attachDebugInfo: "none" },
      },
    },
  });
  const [result] = Array.isArray(built) ? built : [built];
  if (result === undefined || !("output" in result)) throw new Error("the bundler gave no output");
  const [chunk, ...more] = result.output;
  if (more.length > 0) throw new Error("the bundle came in several files");
  const foreign = [...chunk.imports, ...chunk.dynamicImports].filter((name) => !name.startsWith("node:"));
  if (foreign.length > 0) throw new Error(`the bundle imports ${foreign.join(", ")}`);
  // A module of the bundler's own has no file.
  const modules = Object.keys(chunk.modules).filter((id) => !id.startsWith("\0"));
  return { code: chunk.code, modules: modules.map((id) => id.replace(/\?.*$/, "")) };
}
