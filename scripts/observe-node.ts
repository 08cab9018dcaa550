import { observeNode } from "./attestation/observe-node.ts";
import { needsSecondOpinion, parseProfileOption, parsePatience } from "./attestation/probe-options.ts";
import { parseArgs } from "node:util";
import { createMeroTee, realWorld } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";
import { needed } from "./script-outcome.ts";

/**
 * `node scripts/observe-node.ts --url URL --profile P --out DIR [--machine-type NAME] [--tries N]`: looks at a node VM of a release
 * (verifies its quote over a fresh nonce, tries forgeries of it), and leaves what it measures as, for `mero-tee e2e` to judge.
 */
await scriptMain("observe-node", async (log) => {
  const options = {
    url: { type: "string" },
    profile: { type: "string" },
    out: { type: "string" },
    "machine-type": { type: "string", default: "c3-standard-4" },
    tries: { type: "string", default: "90" },
  } as const;
  const { values } = parseArgs({ options });
  const world = realWorld(process.env);
  const { tcbStatus, registers } = await observeNode({
    meroTee: createMeroTee(world),
    fetch: world.fetch,
    url: needed(values.url, "url").replace(/\/+$/, ""),
    profile: parseProfileOption(values.profile),
    machineType: values["machine-type"],
    out: needed(values.out, "out"),
    needsSecondOpinion: needsSecondOpinion(process.env),
    patience: parsePatience(values.tries),
  });
  log.line("INFO", `${tcbStatus}, MRTD ${registers.mrtd.slice(0, 12)}; forgeries refused`);
  return { profile: values.profile ?? "" };
});
