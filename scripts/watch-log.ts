import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { laneIdentity, listReleases, RELEASE_LANES } from "../packages/release-artifacts/src/index.ts";
import { stopLane } from "./release/lane-stop.ts";
import { realWorld } from "./release/mero-tee.ts";
import { scriptMain } from "./release/script-main.ts";
import { watchLog } from "./release/watch-log.ts";
import { Misuse, variable } from "./script-outcome.ts";

/**
 * `node scripts/watch-log.ts [--hours N] [--rekor URL]`: looks through the last hours of the transparency log for signatures of the release
 * workflows over files that no release has. Ends with 0, 1 (no answer), 2 (usage) or 10 (there is one).
 */
await scriptMain("watch-log", async (log) => {
  const options = {
    hours: { type: "string", default: "26" },
    rekor: { type: "string", default: "https://rekor.sigstore.dev" },
  } as const;
  const { values } = parseArgs({ options });
  if (!/^[1-9]\d{0,2}$/.test(values.hours)) throw new Misuse("--hours is a number from 1 to 999.");
  const repository = variable("MERO_TEE_REPOSITORY");
  const { fetch } = realWorld(process.env);
  const releases = await listReleases({ fetch, repository, wait: pause });
  if (!releases.ok) return stopLane("host-failed", releases.error.message);
  const digests = releases.value.flatMap(({ assets }) => [...assets.values()].filter((digest) => digest !== null));
  const identities = RELEASE_LANES.flatMap((lane) => {
    const identity = laneIdentity(lane, repository);
    return "exact" in identity ? [identity.exact] : [];
  });
  const since = Math.floor(Date.now() / 1000) - Number(values.hours) * 3600;
  const watched = await watchLog({
    fetch,
    wait: pause,
    rekor: values.rekor,
    identities,
    published: new Set(digests),
    since,
  });
  const { from, to, known } = watched;
  log.line("INFO", `entries ${from} to ${to}: ${known} signatures of these workflows, all of released files`);
  return { entries: String(to - from), known: String(known) };
});

async function pause(ms: number): Promise<void> {
  await sleep(ms);
}
