import manifest from "../../package.json" with { type: "json" };

/** What a build says of itself. */
export interface Build {
  /** The version that it is released as, below which a pinned image takes no policy; `0.0.0` between releases. */
  readonly version: string;
  /** The commit that it was made from, 40 lower-case hex digits; null where nobody said: run from sources, or for trial. */
  readonly commit: string | null;
}

// The bundler puts the build's own values in its place; sources have none.
declare const MERO_KMS_BUILD: Build | undefined;

/** The build that runs. */
export const BUILD: Build =
  typeof MERO_KMS_BUILD === "undefined" ? { version: manifest.version, commit: null } : MERO_KMS_BUILD;
