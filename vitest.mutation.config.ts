import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

/**
 * The tests that judge the mutants of `pnpm mutation`, as one project. Workspace packages are taken by path: their links in
 * `node_modules` lead to the tree that is not mutated.
 */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@mero-tee\/tdx-quote\/collateral$/, replacement: source("tdx-quote/src/collateral/index.ts") },
      { find: /^@mero-tee\/tdx-quote\/(.+)$/, replacement: source("tdx-quote/src/$1.ts") },
      { find: /^@mero-tee\/(tdx-quote|policy)$/, replacement: source("$1/src/index.ts") },
    ],
  },
  test: {
    include: [
      "packages/tdx-quote/test/**/*.test.ts",
      "packages/policy/test/**/*.test.ts",
      "packages/tee-simulator/test/{attestation-key-memory,forecast,refusal-facts,verifier}.test.ts",
    ],
    // Tests that draw their inputs, or that compare with other readers, are slow judges of a single change.
    exclude: ["**/*.property.test.ts", "**/*-differential.test.ts", "packages/tdx-quote/test/collateral/**"],
    // A busy machine is not a test that notices something: only the time limit of a whole run counts.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Every mutant starts the tests again, and these share nothing but modules.
    isolate: false,
  },
});
