import { type Brand, err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { type ReleaseLane, RELEASE_LANES, TAG_PREFIX } from "./lane.ts";

/** A bare version as every document of a release spells it: `2.4.0` or `2.4.0-rc.1`. */
export type ReleaseVersion = Brand<string, "ReleaseVersion">;

/** How a release came to be; the version form tells an rc from the others, but not a hotfix from a stable release. */
export const RELEASE_CLASSES = ["stable", "rc", "hotfix"] as const;

/** One of {@link RELEASE_CLASSES}. */
export type ReleaseClass = (typeof RELEASE_CLASSES)[number];

/** What an operator named when asking for a release. */
export interface ReleaseReference {
  /** Null where only a version was named: it stands for the lane that the asker works with. */
  readonly lane: ReleaseLane | null;
  readonly version: ReleaseVersion;
}

/** Text that names no release. */
export interface ReleaseReferenceError {
  readonly code: "release-tag-malformed";
  /** The text, cut to 64 characters. */
  readonly actual: string;
}

const VERSION = /^(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})\.(?:0|[1-9]\d{0,8})(?:-rc\.[1-9]\d{0,8})?$/;

/** The tags of node images before lanes had names of their own; still accepted where a release is named. */
const HISTORICAL_NODE_PREFIX = "node-image-gcp-v";

/** Reads a bare version; null for everything else, also for a prefix, blanks, leading zeros or build metadata. */
export function parseReleaseVersion(text: string): ReleaseVersion | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the form was checked
  return VERSION.test(text) ? (text as ReleaseVersion) : null;
}

/**
 * Reads what an operator typed for a release: a bare version, a tag of a lane, or the historical tag of a node image.
 *
 * Errors: `release-tag-malformed`.
 * Source: docs/releases.md.
 */
export function parseReleaseReference(text: string): Result<ReleaseReference, ReleaseReferenceError> {
  for (const [lane, prefix] of lanePrefixes()) {
    const version = text.startsWith(prefix) ? parseReleaseVersion(text.slice(prefix.length)) : null;
    if (version !== null) return ok({ lane, version });
  }
  return err({ code: "release-tag-malformed", actual: text.slice(0, 64) });
}

function lanePrefixes(): readonly (readonly [lane: ReleaseLane | null, prefix: string])[] {
  return [
    ...RELEASE_LANES.map((lane) => [lane, TAG_PREFIX[lane]] as const),
    ["node", HISTORICAL_NODE_PREFIX],
    [null, ""],
  ];
}

/** The tag of a release in its lane, e.g. `mero-kms-v2.4.0`. */
export function releaseTag(lane: ReleaseLane, version: ReleaseVersion): string {
  return `${TAG_PREFIX[lane]}${version}`;
}

/** Whether a version is a release candidate. */
export function isReleaseCandidate(version: ReleaseVersion): boolean {
  return version.includes("-rc.");
}

/**
 * Orders versions: by their three numbers, a candidate before the release that it stands for, candidates by their number.
 *
 * @returns negative, zero or positive, for `toSorted`
 * Source: Semantic Versioning 2.0.0, section 11.
 */
export function compareVersions(left: ReleaseVersion, right: ReleaseVersion): number {
  const [a, b] = [numbersOf(left), numbersOf(right)];
  const at = a.findIndex((number, index) => number !== b[index]);
  return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

function numbersOf(version: ReleaseVersion): readonly number[] {
  const [numbers = "", candidate] = version.split("-rc.");
  return [...numbers.split(".").map(Number), candidate === undefined ? Infinity : Number(candidate)];
}
