import { observeNode } from "./attestation/observe-node.ts";
import { PROBE_OPTIONS, readProbe } from "./attestation/probe-options.ts";
import { parseArgs } from "node:util";
import { scriptMain } from "./release/script-main.ts";

/**
 * `node scripts/observe-node.ts --url URL --profile P --out DIR [--machine-type NAME] [--tries N]`: looks at a node VM of a release
 * (verifies its quote over a fresh nonce, tries forgeries of it), and leaves what it measures as, for `mero-tee e2e` to judge.
 */
await scriptMain("observe-node", async (log) => {
  const { values } = parseArgs({ options: PROBE_OPTIONS });
  const { tcbStatus, registers } = await observeNode(readProbe(values, "c3-standard-4"));
  log.line("INFO", `${tcbStatus}, MRTD ${registers.mrtd.slice(0, 12)}; forgeries refused`);
  return { profile: values.profile ?? "" };
});
