import { parseArgs } from "node:util";
import {
  isReleaseCandidate,
  isRepository,
  parseReleaseReference,
  RELEASE_CLASSES,
  type ReleaseClass,
  type ReleaseLane,
} from "../../packages/release-artifacts/src/index.ts";
import { Misuse } from "../script-outcome.ts";
import type { LaneRun } from "./release-lane.ts";

/** What a lane's script was asked to do. */
export interface LaneArguments {
  readonly run: LaneRun;
  readonly isDryRun: boolean;
  readonly isJson: boolean;
}

const OPTIONS = {
  version: { type: "string" },
  in: { type: "string" },
  work: { type: "string" },
  class: { type: "string" },
  "base-tag": { type: "string" },
  incident: { type: "string" },
  reviewed: { type: "string" },
  catalog: { type: "string" },
  waivers: { type: "string" },
  "endorsement-root": { type: "string" },
  "dry-run": { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;

/**
 * Reads the arguments of a lane's script. What a run is comes from the variables that GitHub Actions sets; everything else is on
 * the command line, where a workflow shows it.
 *
 * @throws Misuse with one sentence
 */
export function readLaneArguments(
  lane: ReleaseLane,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): LaneArguments {
  const values = parsed(args);
  const required = (name: "version" | "in" | "work"): string => {
    const value = values[name];
    if (value === undefined || value === "") throw new Misuse(`--${name} is missing.`);
    return value;
  };
  const variable = (name: string, pattern: RegExp): string => {
    const value = environment[name] ?? "";
    if (!pattern.test(value)) throw new Misuse(`${name} is not set as GitHub Actions sets it.`);
    return value;
  };
  const reference = parseReleaseReference(required("version"));
  if (!reference.ok || (reference.value.lane !== null && reference.value.lane !== lane))
    throw new Misuse("--version is no version of this lane, such as 2.4.0.");
  const { version } = reference.value;
  const repository = environment["MERO_TEE_REPOSITORY"] ?? environment["GITHUB_REPOSITORY"] ?? "";
  if (!isRepository(repository)) throw new Misuse("GITHUB_REPOSITORY is no repository, OWNER/NAME.");
  const { class: named, "base-tag": baseTag, incident, reviewed, catalog, waivers } = values;
  const { "endorsement-root": endorsementRoot } = values;
  if ((baseTag === undefined) !== (incident === undefined))
    throw new Misuse("--base-tag and --incident belong together.");
  const releaseClass = classOf(named) ?? (isReleaseCandidate(version) ? "rc" : "stable");
  const run: LaneRun = {
    lane,
    version,
    releaseClass,
    repository,
    ref: variable("GITHUB_REF", /^refs\//),
    commit: variable("GITHUB_SHA", /^[0-9a-f]{40}$/),
    runId: variable("GITHUB_RUN_ID", /^[1-9]\d*$/),
    runAttempt: variable("GITHUB_RUN_ATTEMPT", /^[1-9]\d*$/),
    signerIds: {
      repositoryId: variable("GITHUB_REPOSITORY_ID", /^[1-9]\d*$/),
      ownerId: variable("GITHUB_REPOSITORY_OWNER_ID", /^[1-9]\d*$/),
    },
    inputs: required("in"),
    work: required("work"),
    ...(baseTag === undefined || incident === undefined ? {} : { hotfix: { baseTag, incident } }),
    ...(reviewed === undefined ? {} : { reviewed }),
    ...(catalog === undefined ? {} : { catalog }),
    ...(waivers === undefined ? {} : { waivers }),
    ...(endorsementRoot === undefined ? {} : { endorsementRoot }),
  };
  return { run, isDryRun: values["dry-run"], isJson: values.json };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new Misuse(error instanceof Error ? error.message : String(error));
  }
}

function classOf(text: string | undefined): ReleaseClass | undefined {
  if (text === undefined) return undefined;
  const found = RELEASE_CLASSES.find((each) => each === text);
  if (found === undefined) throw new Misuse(`--class is one of ${RELEASE_CLASSES.join(", ")}.`);
  return found;
}
