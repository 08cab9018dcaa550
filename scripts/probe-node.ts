import { parseArgs } from "node:util";
import { needsSecondOpinion, parseProfileOption, parsePatience } from "./attestation/probe-options.ts";
import { probeNode } from "./attestation/probe-node.ts";
import { createMeroTee, realWorld } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";
import { needed, variable } from "./script-outcome.ts";

/**
 * `node scripts/probe-node.ts --url URL --profile P --version X.Y.Z --images DIR --out DIR --instance NAME --project NAME --zone NAME
 * [--machine-type NAME] [--tries N]`: probes a node VM that was started for this (verifies its quote over a fresh nonce, compares RTMR3 with
 * what the built image gives), and leaves candidates, MRTD record and provenance of its profile. Nothing is started here.
 */
await scriptMain("probe-node", async (log) => {
  const options = {
    url: { type: "string" },
    profile: { type: "string" },
    version: { type: "string" },
    images: { type: "string" },
    out: { type: "string" },
    instance: { type: "string" },
    project: { type: "string" },
    zone: { type: "string" },
    "machine-type": { type: "string", default: "c3-standard-4" },
    tries: { type: "string", default: "90" },
  } as const;
  const { values } = parseArgs({ options });
  const world = realWorld(process.env);
  const seen = await probeNode({
    meroTee: createMeroTee(world),
    fetch: world.fetch,
    url: needed(values.url, "url").replace(/\/+$/, ""),
    profile: parseProfileOption(values.profile),
    machineType: values["machine-type"],
    out: needed(values.out, "out"),
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
    needsSecondOpinion: needsSecondOpinion(process.env),
    patience: parsePatience(values.tries),
  });
  log.line("INFO", seen);
  return { profile: values.profile ?? "" };
});
