import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { CHROMIUM_ARGUMENTS } from "./apps/attestation-verifier-web/test/e2e/chromium-arguments.ts";
import { readVectorFolder } from "./packages/tdx-quote/test/vector-folder.ts";

/**
 * The tests of `tdx-quote`, and those that judge generated evidence with it, in Chromium: the same files as in Node.
 * Started by `scripts/browser-tests.ts`, which finds the browser.
 */
const INCLUDED = ["packages/tdx-quote/test/**/*.test.ts", "packages/tee-simulator/test/*.test.ts"];

/** The test files that stay in Node, and why. A file that needs Node and is missing here fails in the browser. */
const NODE_ONLY = {
  "packages/tdx-quote/test/byte-spelling.property.test.ts": "compares with what Node spells",
  "packages/tdx-quote/test/collateral/bounded-get.test.ts": "serves HTTP on loopback",
  "packages/tdx-quote/test/sha2.test.ts": "compares with what Node hashes",
  "packages/tdx-quote/test/browser/buffer.test.ts": "compares with Node's Buffer",
  "packages/tee-simulator/test/der-differential.test.ts": "compares with X509Certificate of node:crypto",
  "packages/tee-simulator/test/differential.test.ts":
    "the other verifiers use Buffer and node:crypto, and load a module from disk",
  "packages/tee-simulator/test/encodings.test.ts": "compares with X509Certificate of node:crypto",
  "packages/tee-simulator/test/evidence-mutation-command.test.ts": "drives the sweep's threads",
  "packages/tee-simulator/test/evidence-mutation.test.ts":
    "thousands of verifications, with a pass from the environment",
  "packages/tee-simulator/test/fuzz-command-line.test.ts": "drives the fuzzer, which reads files and starts threads",
  "packages/tee-simulator/test/fuzz-harness.test.ts": "drives the fuzzer, which reads files and starts threads",
  "packages/tee-simulator/test/fuzz-targets.test.ts": "drives the fuzzer, which reads files and starts threads",
  "packages/tee-simulator/test/sigstore-mock.test.ts": "takes evidence from a mock that is made for Node",
  "packages/tee-simulator/test/sigstore-oracle.test.ts": "compares with a verifier that is made for Node",
  "packages/tee-simulator/test/sigstore-vectors.test.ts": "reads recorded files",
} as const;

const standIns = {
  folder: fileURLToPath(new URL("packages/tdx-quote/test/browser/", import.meta.url)),
  buffer: fileURLToPath(import.meta.resolve("./packages/tdx-quote/test/browser/buffer.ts")),
  crypto: fileURLToPath(import.meta.resolve("./packages/tdx-quote/test/browser/crypto.ts")),
};
const isTestFile = (id: string): boolean => /\/packages\/[^/]+\/test\//.test(id);

/** Test files find here what they use of Node to write and compare bytes; the code under test gets none of it. */
const nodeForTests: Plugin = {
  name: "mero-tee-node-for-tests",
  enforce: "pre",
  resolveId(source, importer) {
    return source === "node:crypto" && importer !== undefined && isTestFile(importer) ? standIns.crypto : null;
  },
  transform(code, id) {
    if (!isTestFile(id) || id.startsWith(standIns.folder) || !/\bBuffer\b/.test(code)) return null;
    // On the first line, so that every other line keeps its number.
    return { code: `import { Buffer } from ${JSON.stringify(standIns.buffer)}; ${code}`, map: null };
  },
};

/** The folder where `.ci/run` wants the counts. */
const reports = process.env["MERO_TEE_TEST_REPORT"];
const chromium = process.env["MERO_TEE_CHROMIUM"];

export default defineConfig({
  plugins: [nodeForTests],
  test: {
    name: "chromium",
    include: INCLUDED,
    exclude: Object.keys(NODE_ONLY),
    testTimeout: 60_000,
    api: { host: "127.0.0.1" },
    browser: {
      enabled: true,
      headless: true,
      ui: false,
      screenshotFailures: false,
      traceView: false,
      provider: playwright({
        launchOptions: {
          ...(chromium === undefined ? {} : { executablePath: chromium }),
          args: CHROMIUM_ARGUMENTS,
        },
      }),
      instances: [{ browser: "chromium" }],
      commands: {
        readVectorFolder: () => {
          const files = readVectorFolder();
          if (files === null) return null;
          return Array.from(files, ([path, bytes]) => [path, Buffer.from(bytes).toString("base64")]);
        },
      },
    },
    reporters: reports === undefined ? ["default"] : ["default", ["json", { outputFile: `${reports}/chromium.json` }]],
  },
});
