import {
  isRepository,
  parseReleaseReference,
  RELEASE_LANES,
  type ReleaseLane,
  type ReleaseReference,
  type ReleaseVersion,
} from "@mero-tee/release-artifacts";

import { optionalFlag, type OptionalFlag } from "./flags.ts";

// The argument parser takes a thrown Error as "this value is no good" and shows its message: exceptions stop there.

/** A bare version, or the tag of a lane, which names the lane as well. */
export function parseReference(text: string): ReleaseReference {
  const reference = parseReleaseReference(text);
  if (!reference.ok) throw new Error("not a version such as 2.4.0, nor a tag such as mero-kms-v2.4.0");
  return reference.value;
}

/** A bare version, or the tag of a lane. */
export function parseVersion(text: string): ReleaseVersion {
  return parseReference(text).version;
}

function parseRepository(text: string): string {
  if (!isRepository(text)) throw new Error("not a repository, OWNER/NAME");
  return text;
}

/** `--repo OWNER/NAME`. */
export const REPO_FLAG: OptionalFlag<string> = optionalFlag(
  parseRepository,
  "OWNER/NAME",
  "Repository that publishes the releases (default: MERO_TEE_REPOSITORY, else calimero-network/mero-tee)",
);

/** `--lane`. */
export const LANE_FLAG: { readonly kind: "enum"; readonly values: readonly ReleaseLane[]; readonly brief: string } = {
  kind: "enum",
  values: RELEASE_LANES,
  brief: "Release family",
};

/** The catalog of the repository. */
export const CATALOG_FILE = "compatibility-catalog.json";

/** `--catalog FILE`. */
export const CATALOG_FLAG: OptionalFlag<string> = optionalFlag(
  String,
  "FILE",
  `Compatibility catalog (default: ${CATALOG_FILE})`,
);
