import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SIMULATED_MARK } from "../packages/tee-simulator/src/index.ts";
import { type BrowserBundle, bundleForBrowser, objectionsTo } from "./browser-bundle.ts";

const CORE = fileURLToPath(new URL("../packages/tdx-quote/src/index.ts", import.meta.url));
const APPRAISAL = fileURLToPath(new URL("../packages/appraisal/src/index.ts", import.meta.url));
const SIGSTORE = fileURLToPath(new URL("../packages/release-artifacts/src/sigstore/index.ts", import.meta.url));
const SIMULATOR = fileURLToPath(new URL("../packages/tee-simulator/src/index.ts", import.meta.url));
const LIMITS = { gzipBytes: 60_000, simulatedMark: SIMULATED_MARK };
const ANY_SIZE = { ...LIMITS, gzipBytes: Number.POSITIVE_INFINITY };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mero-tee-bundle-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The bundle of the core with one more line. */
async function bundleWith(line: string): Promise<BrowserBundle> {
  const entry = join(folder, "planted.ts");
  await writeFile(entry, `export * from ${JSON.stringify(CORE)};\n${line}\n`);
  return await bundleForBrowser(entry);
}

describe("the signature verifier in a browser", () => {
  test("is small, and brings nothing of Node and nothing of the simulator", async () => {
    const limits = { ...LIMITS, gzipBytes: 30_000 };
    const bundle = await bundleForBrowser(SIGSTORE);
    console.info(`signature verifier: ${bundle.gzipBytes} of ${limits.gzipBytes} bytes, minified and gzipped`);
    expect(bundle.code).toContain("log-proof-invalid");
    expect(objectionsTo(bundle, limits)).toEqual([]);
  });
});

describe("the appraisal in a browser", () => {
  test("is small, and brings nothing of Node and nothing of the simulator", async () => {
    const limits = { ...LIMITS, gzipBytes: 85_000 };
    const bundle = await bundleForBrowser(APPRAISAL);
    console.info(`appraisal: ${bundle.gzipBytes} of ${limits.gzipBytes} bytes, minified and gzipped`);
    expect(bundle.code).toContain("compose-hash-ambiguous");
    expect(objectionsTo(bundle, limits)).toEqual([]);
  });
});

describe("the core verifier in a browser", () => {
  test("is small, and brings nothing of Node and nothing of the simulator", async () => {
    const bundle = await bundleForBrowser(CORE);
    console.info(`core verifier: ${bundle.gzipBytes} of ${LIMITS.gzipBytes} bytes, minified and gzipped`);
    expect(bundle.code).toContain("quote-truncated");
    expect(objectionsTo(bundle, LIMITS)).toEqual([]);
  });

  test.each([
    { name: "re-exports from Node", plant: `export { readFileSync } from "node:fs";`, objection: "imports from Node" },
    { name: "loads a module of Node", plant: `import "node:fs";`, objection: "imports from Node" },
    {
      name: "loads a module of Node later",
      plant: `export const load = (): Promise<unknown> => import("node:fs");`,
      objection: "imports from Node",
    },
    { name: "names Buffer", plant: `export const empty = Buffer.alloc(0);`, objection: "uses Buffer" },
    { name: "takes Buffer off the global", plant: `export const b = globalThis.Buffer;`, objection: "uses Buffer" },
    { name: "reads the environment", plant: `export const home = process.env["HOME"];`, objection: "uses process" },
    { name: "asks for process", plant: `export const node = typeof process;`, objection: "uses process" },
    {
      name: "takes process off the global",
      plant: `export const home = globalThis.process?.env;`,
      objection: "uses process",
    },
    {
      name: "holds what simulated certificates say",
      plant: `export { SIMULATED_MARK } from ${JSON.stringify(SIMULATOR)};`,
      objection: "carries the simulator",
    },
  ])("is held back when it $name", async ({ plant, objection }) => {
    expect(objectionsTo(await bundleWith(plant), ANY_SIZE)).toEqual([objection]);
  });

  test("is held back when it outgrows its budget", async () => {
    const bundle = await bundleWith(`export const noise = "${randomBytes(60_000).toString("base64")}";`);
    expect(objectionsTo(bundle, LIMITS)).toEqual(["is too large"]);
  });
});

test("the generator of simulated evidence brings nothing of Node into a browser", async () => {
  const bundle = await bundleForBrowser(SIMULATOR);
  expect(objectionsTo(bundle, ANY_SIZE)).toEqual(["carries the simulator"]);
});
