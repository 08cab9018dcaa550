/** Which of the three builds this is: the site, the site for a simulated platform, or the one file without a network. */
export type BuildFlavour = "site" | "sim" | "single";

/** What the build wrote down about itself. */
export interface BuildFacts {
  readonly flavour: BuildFlavour;
  readonly version: string;
  /** 40 hex digits, or `unknown` for a tree without history. */
  readonly commit: string;
  /** Time of the commit, not of the build: the same sources give the same bytes. RFC 3339, or `unknown`. */
  readonly committedAt: string;
  /** Tag of the newest release of each family in the catalog of the same sources; null where that has none. */
  readonly newest: Readonly<Record<"kms" | "node", string | null>>;
}

declare const BUILD_FACTS: BuildFacts;

export const BUILD: BuildFacts = BUILD_FACTS;
