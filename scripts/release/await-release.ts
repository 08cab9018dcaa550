import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parseReleaseVersion, RELEASE_LANES, releaseTag } from "../../packages/release-artifacts/src/index.ts";
import { Misuse, needed, settle, variable } from "../script-outcome.ts";
import { isPublished } from "./published.ts";

/**
 * `node scripts/release/await-release.ts --lane node --version X.Y.Z [--tries N] [--pause-seconds N]`: waits for the release of another
 * lane, which this one is made for. Ends with 0 when it is published, 1 when it was not in time, 2 (usage).
 */
async function awaitRelease(): Promise<string> {
  const options = {
    lane: { type: "string" },
    version: { type: "string" },
    tries: { type: "string", default: "60" },
    "pause-seconds": { type: "string", default: "30" },
  } as const;
  const { values } = parseArgs({ options });
  const lane = RELEASE_LANES.find((each) => each === values.lane);
  const version = parseReleaseVersion(needed(values.version, "version"));
  if (lane === undefined || version === null) throw new Misuse("--lane and --version name no release");
  const [tries, pauseSeconds] = [Number(values.tries), Number(values["pause-seconds"])];
  if (!(tries >= 1 && tries <= 1000 && pauseSeconds >= 0 && pauseSeconds <= 600)) throw new Misuse("not a patience");

  const lookup = {
    api: variable("GITHUB_API_URL"),
    repository: variable("GITHUB_REPOSITORY"),
    token: variable("GITHUB_TOKEN"),
  };
  const tag = releaseTag(lane, version);
  for (let round = 1; round <= tries; round += 1) {
    if (await isPublished(lookup, lane, version)) return `${tag} is published`;
    if (round < tries) await sleep(pauseSeconds * 1000);
  }
  throw new Error(`RELEASE_TIMEOUT: ${tag} was not published after ${tries} looks`);
}

await settle(awaitRelease);
