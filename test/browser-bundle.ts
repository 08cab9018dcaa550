import { gzipSync } from "node:zlib";
import { build } from "vite";

/** What a browser would download of one entry: a single module with everything it imports. */
export interface BrowserBundle {
  readonly code: string;
  readonly gzipBytes: number;
}

/** Bundles an entry the way a web app does, minified, with Vite's conditions for browsers. */
export async function bundleForBrowser(entry: string): Promise<BrowserBundle> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      lib: { entry, formats: ["es"], fileName: "bundle" },
      // Kept as imports, so that they show: Vite would put empty modules in their place.
      rolldownOptions: { external: /^node:/, output: { minify: true, codeSplitting: false } },
    },
  });
  const [result] = Array.isArray(built) ? built : [built];
  if (result === undefined || !("output" in result)) throw new Error("Vite gave no output");
  const [chunk, ...more] = result.output;
  if (more.length > 0) throw new Error("the bundle came in several files");
  return { code: chunk.code, gzipBytes: gzipSync(chunk.code).length };
}

/** `process` as a name of its own or of the global object, not as a method, which hash implementations have. */
const PROCESS = /(?<![.\w$])process(?![\w$(])|\b(?:globalThis|global|self|window)\??\.process\b/;

/** The name of a module of Node in quotes; `node` is also a kind of machine, and so a key of objects. */
const NODE_MODULE = /["'`]node:[a-z]/;

/** Why this bundle must not be served to a browser; empty when nothing speaks against it. */
export function objectionsTo(
  bundle: BrowserBundle,
  limits: { readonly gzipBytes: number; readonly simulatedMark: string },
): readonly string[] {
  const { code, gzipBytes } = bundle;
  return [
    ...(gzipBytes > limits.gzipBytes ? ["is too large"] : []),
    ...(NODE_MODULE.test(code) ? ["imports from Node"] : []),
    ...(/\bBuffer\b/.test(code) ? ["uses Buffer"] : []),
    ...(PROCESS.test(code) ? ["uses process"] : []),
    ...(code.includes(limits.simulatedMark) ? ["carries the simulator"] : []),
  ];
}
