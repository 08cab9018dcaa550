/** The release lanes: each publishes a family of artifacts of its own under tags of its own. */
export const RELEASE_LANES = ["kms", "node", "verifier"] as const;

/** One of {@link RELEASE_LANES}. */
export type ReleaseLane = (typeof RELEASE_LANES)[number];

/** What stands before `X.Y.Z` in the tags of a lane. */
export const TAG_PREFIX: Readonly<Record<ReleaseLane, string>> = {
  kms: "mero-kms-v",
  node: "mero-tee-v",
  verifier: "mero-verifier-v",
};
