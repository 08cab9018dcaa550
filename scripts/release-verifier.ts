import { runLaneScript } from "./release/run-lane.ts";

/**
 * `node scripts/release-verifier.ts --version X.Y.Z --in DIR --work DIR [--dry-run] [--json]`: from what builds and probes left to a
 * published release of the public verifier. Runs as `.github/workflows/release-attestation-verifier.yaml`; with `--dry-run` it assembles and judges, and
 * neither signs nor publishes. Ends with 0, 1 (environment), 2 (usage), 10 (refused) or 11 (something is missing).
 */
await runLaneScript("verifier");
