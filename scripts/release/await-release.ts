import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { releaseTag } from "../../packages/release-artifacts/src/index.ts";
import { neededVersion } from "../needed-version.ts";
import { Misuse, variable } from "../script-outcome.ts";
import { stopLane } from "./lane-stop.ts";
import { type NodeRun, newestNodeRuns } from "./node-runs.ts";
import { isPublished } from "./published.ts";
import { scriptMain } from "./script-main.ts";

/** How often a run of the node lane may be missing before nobody expects it any more: GitHub starts it beside this one. */
const GRACE_LOOKS = 3;

/**
 * `node scripts/release/await-release.ts --version X.Y.Z [--tries N] [--pause-seconds N] [--dry-run]`: waits for the node release that the
 * KMS of the same version is made for. With `--dry-run` it looks once, and says whether it would wait. Ends with 0 when it is published, 1
 * when it was not in time, 2 (usage), 10 when the node lane failed on this commit, and 11 when nobody is making it.
 */
await scriptMain("await-release", async (log) => {
  const options = {
    version: { type: "string" },
    tries: { type: "string", default: "60" },
    "pause-seconds": { type: "string", default: "30" },
    "dry-run": { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ options });
  const version = neededVersion(values.version);
  const [tries, pauseSeconds] = [Number(values.tries), Number(values["pause-seconds"])];
  if (!(tries >= 1 && tries <= 1000 && pauseSeconds >= 0 && pauseSeconds <= 600)) throw new Misuse("not a patience");

  const lookup = {
    api: variable("GITHUB_API_URL"),
    repository: variable("GITHUB_REPOSITORY"),
    token: variable("GITHUB_TOKEN"),
  };
  const commit = variable("GITHUB_SHA");
  const tag = releaseTag("node", version);
  for (let round = 1; round <= tries; round += 1) {
    // In this order: a run that ends between the two questions has published before it ended.
    const runs = await newestNodeRuns(lookup);
    if (await isPublished(lookup, "node", version)) {
      log.line("INFO", `${tag} is published`);
      return { release: tag };
    }
    giveUp(runs, { commit, tag, round });
    if (values["dry-run"]) {
      log.line("INFO", `${tag} is not published yet, and would be waited for`);
      return { release: tag };
    }
    if (round < tries) await sleep(pauseSeconds * 1000);
  }
  return stopLane("NODE_RELEASE_TIMEOUT", `${tag} was not published after ${tries} looks.`);
});

/** Stops where waiting is no use. */
function giveUp(
  runs: readonly NodeRun[],
  { commit, tag, round }: { readonly commit: string; readonly tag: string; readonly round: number },
): void {
  const own = runs.filter((run) => run.commit === commit);
  if (own.length > 0 && own.every(({ isActive, hasSucceeded }) => !isActive && !hasSucceeded))
    stopLane("NODE_RELEASE_FAILED", `The node lane failed on this commit, so there will be no ${tag}.`);
  if (round >= GRACE_LOOKS && runs.every(({ isActive }) => !isActive))
    stopLane("NODE_RELEASE_MISSING", `There is no ${tag}, and no run of the node lane that could publish it.`);
}
