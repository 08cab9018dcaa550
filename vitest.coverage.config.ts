import { defineConfig } from "vitest/config";

/**
 * The tests that cover `tdx-quote` and `policy`, as one project for `scripts/coverage.ts`. Tests that draw their inputs are left
 * out: a line that is reached by luck is not covered.
 */
export default defineConfig({
  test: {
    include: [
      "packages/{tdx-quote,policy}/test/**/*.test.ts",
      "packages/tee-simulator/test/{attestation-key-memory,collateral-cache,defects,forecast,verifier}.test.ts",
    ],
    exclude: ["**/*.property.test.ts", "packages/tdx-quote/test/x509-differential.test.ts"],
    // Counting branches makes the code under test several times slower.
    testTimeout: 300_000,
    isolate: false,
    reporters: ["dot"],
    coverage: {
      enabled: true,
      provider: "v8",
      include: ["packages/{tdx-quote,policy}/src/**/*.ts"],
      reporter: ["json", "json-summary", ["text", { skipFull: true }]],
      reportOnFailure: true,
    },
  },
});
