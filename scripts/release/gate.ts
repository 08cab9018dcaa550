import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  isReleaseCandidate,
  parseReleaseVersion,
  RELEASE_LANES,
  type ReleaseLane,
  releaseTag,
} from "../../packages/release-artifacts/src/index.ts";
import { Misuse, Refusal, settle, variable, writeOutputs } from "../script-outcome.ts";
import { isPublished } from "./published.ts";

/**
 * `node scripts/release/gate.ts --lane kms|node|verifier [--root DIR] [--dry-run]`: whether a push to master is to become a release, which is
 * so when the version of the lane has none yet; 0.0.0 is what a lane has before its first. Writes `run`, `version`, `tag`, `prerelease` and
 * `reason` to `GITHUB_OUTPUT`; with `--dry-run` it only says the reason. Ends with 0 either way, 1 where GitHub does not say, 2 (usage) or
 * 10 (the version is none).
 */
const SOURCES: Readonly<Record<ReleaseLane, { readonly file: string; readonly member: string }>> = {
  kms: { file: "apps/kms-phala/package.json", member: "version" },
  node: { file: "versions.json", member: "imageVersion" },
  verifier: { file: "apps/attestation-verifier-web/package.json", member: "version" },
};

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const UNRELEASED = "0.0.0";

const OPTIONS = {
  lane: { type: "string" },
  root: { type: "string", default: ROOT },
  "dry-run": { type: "boolean", default: false },
} as const;

async function gate(): Promise<string> {
  const { values } = parseArgs({ options: OPTIONS });
  const lane = RELEASE_LANES.find((each) => each === values.lane);
  if (lane === undefined) throw new Misuse(`--lane is one of ${RELEASE_LANES.join(", ")}`);
  const { file, member } = SOURCES[lane];
  const manifest: unknown = JSON.parse(await readFile(join(values.root, file), "utf8"));
  const text = new Map(Object.entries(manifest ?? {})).get(member);
  const version = typeof text === "string" ? parseReleaseVersion(text) : null;
  if (version === null) throw new Refusal(`${file} has no ${member} that is a release version`);

  const token = process.env["GITHUB_TOKEN"];
  const lookup = { api: variable("GITHUB_API_URL"), repository: variable("GITHUB_REPOSITORY") };
  const isThere = await isPublished(token === undefined ? lookup : { ...lookup, token }, lane, version);
  const isMaster = variable("GITHUB_REF") === "refs/heads/master" && variable("GITHUB_EVENT_NAME") === "push";
  const tag = releaseTag(lane, version);
  const obstacle =
    text === UNRELEASED
      ? `${file} is at ${UNRELEASED}, which nobody releases`
      : isThere
        ? `${tag} is published`
        : isMaster
          ? null
          : "only a push to master publishes";
  const reason = obstacle ?? `${tag} is to be published`;
  const run = String(obstacle === null);
  const outputs = { run, version, tag, prerelease: String(isReleaseCandidate(version)), reason };
  if (!values["dry-run"]) await writeOutputs(outputs);
  return reason;
}

await settle(gate);
