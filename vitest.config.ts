import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const rooms = [
  "packages/tdx-quote",
  "packages/policy",
  "packages/kms-protocol",
  "packages/release-artifacts",
  "packages/appraisal",
  "packages/image-measure",
  "packages/tee-simulator",
  "packages/cli",
  "apps/kms-phala",
  "apps/attestation-verifier-web",
  "apps/verifier-api",
];

/**
 * Rooms whose tests share nothing but modules without state, so that one worker may run file after file: to start one for each takes
 * as long as many of the files.
 */
const SHARED_WORKER: ReadonlySet<string> = new Set([
  "packages/tdx-quote",
  "packages/policy",
  "packages/release-artifacts",
]);

/** The folder where `.ci/run` wants the counts. */
const reports = process.env["MERO_TEE_TEST_REPORT"];

export default defineConfig({
  test: {
    projects: [
      ...rooms.map((root) => ({
        root,
        test: {
          name: root.split("/")[1] ?? root,
          include: ["test/**/*.test.ts"],
          testTimeout: 30_000,
          isolate: !SHARED_WORKER.has(root),
        },
      })),
      { test: { name: "repository", include: ["test/**/*.test.ts"], testTimeout: 120_000 } },
    ],
    // The default leaves a processor free, which of two is half of the time; many tests wait for processes of their own.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    coverage: { provider: "v8" },
    reporters: reports === undefined ? ["default"] : ["default", ["json", { outputFile: `${reports}/node.json` }]],
  },
});
