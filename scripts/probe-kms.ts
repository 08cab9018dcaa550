import { parseArgs } from "node:util";
import { PROBE_OPTIONS, readProbe } from "./attestation/probe-options.ts";
import { probeKms } from "./attestation/probe-kms.ts";
import { scriptMain } from "./release/script-main.ts";
import { needed, variable } from "./script-outcome.ts";

/**
 * `node scripts/probe-kms.ts --url URL --profile P --app-compose FILE --label TEXT --out DIR [--machine-type NAME] [--tries N]`:
 * probes a KMS that was deployed for this (verifies its quote over a fresh nonce, replays its event log down to the composition), and
 * leaves the composition, its policy candidates and its identity. Nothing is deployed here.
 */
await scriptMain("probe-kms", async (log) => {
  const options = {
    ...PROBE_OPTIONS,
    "app-compose": { type: "string" },
    label: { type: "string" },
  } as const;
  const { values } = parseArgs({ options });
  const seen = await probeKms({
    ...readProbe(values, "tdx.small"),
    appCompose: needed(values["app-compose"], "app-compose"),
    commit: variable("GITHUB_SHA"),
    label: needed(values.label, "label"),
  });
  log.line("INFO", seen);
  return { profile: values.profile ?? "" };
});
