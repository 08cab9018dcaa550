import { parseArgs } from "node:util";
import { needsSecondOpinion, parseProfileOption, parsePatience } from "./attestation/probe-options.ts";
import { probeKms } from "./attestation/probe-kms.ts";
import { createMeroTee, realWorld } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";
import { needed, variable } from "./script-outcome.ts";

/**
 * `node scripts/probe-kms.ts --url URL --profile P --app-compose FILE --label TEXT --out DIR [--machine-type NAME] [--tries N]`:
 * probes a KMS that was deployed for this (verifies its quote over a fresh nonce, replays its event log down to the composition), and
 * leaves the composition, its policy candidates and its identity. Nothing is deployed here.
 */
await scriptMain("probe-kms", async (log) => {
  const options = {
    url: { type: "string" },
    profile: { type: "string" },
    "app-compose": { type: "string" },
    label: { type: "string" },
    out: { type: "string" },
    "machine-type": { type: "string", default: "tdx.small" },
    tries: { type: "string", default: "90" },
  } as const;
  const { values } = parseArgs({ options });
  const world = realWorld(process.env);
  const seen = await probeKms({
    meroTee: createMeroTee(world),
    fetch: world.fetch,
    url: needed(values.url, "url").replace(/\/+$/, ""),
    profile: parseProfileOption(values.profile),
    machineType: values["machine-type"],
    out: needed(values.out, "out"),
    appCompose: needed(values["app-compose"], "app-compose"),
    commit: variable("GITHUB_SHA"),
    label: needed(values.label, "label"),
    needsSecondOpinion: needsSecondOpinion(process.env),
    patience: parsePatience(values.tries),
  });
  log.line("INFO", seen);
  return { profile: values.profile ?? "" };
});
