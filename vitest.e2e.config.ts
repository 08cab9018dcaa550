import { defineConfig } from "vitest/config";

/**
 * The public verifier in Chromium, against the real API, a real KMS and a simulated platform. Started by
 * `scripts/browser-tests.ts`, which finds the browser.
 */

/** The folder where `.ci/run` wants the counts. */
const reports = process.env["MERO_TEE_TEST_REPORT"];

export default defineConfig({
  test: {
    name: "pages",
    include: ["apps/attestation-verifier-web/test/e2e/**/*.e2e.ts"],
    globalSetup: "apps/attestation-verifier-web/test/e2e/build-pages.ts",
    testTimeout: 60_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    reporters: reports === undefined ? ["default"] : ["default", ["json", { outputFile: `${reports}/pages.json` }]],
  },
});
