import { parseArgs } from "node:util";
import { PROBE_OPTIONS, readProbe } from "./attestation/probe-options.ts";
import { probeNode } from "./attestation/probe-node.ts";
import { scriptMain } from "./release/script-main.ts";
import { needed, variable } from "./script-outcome.ts";

/**
 * `node scripts/probe-node.ts --url URL --profile P --version X.Y.Z --images DIR --out DIR --instance NAME --project NAME --zone NAME
 * [--machine-type NAME] [--tries N]`: probes a node VM that was started for this (verifies its quote over a fresh nonce, compares RTMR3 with
 * what the built image gives), and leaves candidates, MRTD record and provenance of its profile. Nothing is started here.
 */
await scriptMain("probe-node", async (log) => {
  const options = {
    ...PROBE_OPTIONS,
    version: { type: "string" },
    images: { type: "string" },
    instance: { type: "string" },
    project: { type: "string" },
    zone: { type: "string" },
  } as const;
  const { values } = parseArgs({ options });
  const seen = await probeNode({
    ...readProbe(values, "c3-standard-4"),
    images: needed(values.images, "images"),
    version: needed(values.version, "version"),
    commit: variable("GITHUB_SHA"),
    runId: variable("GITHUB_RUN_ID"),
    runAttempt: variable("GITHUB_RUN_ATTEMPT"),
    instance: {
      name: needed(values.instance, "instance"),
      project: needed(values.project, "project"),
      zone: needed(values.zone, "zone"),
    },
  });
  log.line("INFO", seen);
  return { profile: values.profile ?? "" };
});
