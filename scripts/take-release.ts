import { parseArgs } from "node:util";
import { RELEASE_LANES } from "../packages/release-artifacts/src/index.ts";
import { countRules, expectOk } from "./release/lane-stop.ts";
import { createMeroTee, realWorld } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";
import { takeRelease } from "./release/take-release.ts";
import { Misuse, needed } from "./script-outcome.ts";

/**
 * `node scripts/take-release.ts --lane kms|node|verifier --version X.Y.Z --out DIR [--dry-run]`: downloads a release and verifies it. DIR
 * must not exist, and is there afterwards only if the release holds; with `--dry-run` it never is. Ends with 0, 1 (the host did not
 * answer), 2 (usage), 10 (the release does not hold) or 11 (there is none, or it lacks a file).
 */
await scriptMain("take-release", async (log) => {
  const options = {
    lane: { type: "string" },
    version: { type: "string" },
    out: { type: "string" },
    "dry-run": { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options });
  const lane = RELEASE_LANES.find((each) => each === values.lane);
  if (lane === undefined) throw new Misuse(`--lane is one of ${RELEASE_LANES.join(", ")}.`);
  const [version, out] = [needed(values.version, "version"), needed(values.out, "out")];
  const meroTee = createMeroTee(realWorld(process.env));
  const verdict = values["dry-run"]
    ? expectOk(await meroTee(["release", "verify", "--lane", lane, "--version", version]))
    : await takeRelease({ meroTee, lane, version, out });
  log.line("INFO", `${lane} ${version}: ${countRules(verdict.document)}`);
  return { lane, version };
});
