import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

/**
 * The tests that judge the mutants of `stryker.config.json`, as one project. Workspace packages are taken by path: their links in
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
      "packages/tee-simulator/test/defects.test.ts",
    ],
    exclude: ["**/*.property.test.ts", "packages/tdx-quote/test/collateral/**"],
    testTimeout: 30_000,
  },
});
