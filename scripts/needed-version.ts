import { parseReleaseVersion, type ReleaseVersion } from "../packages/release-artifacts/src/index.ts";
import { Misuse, needed } from "./script-outcome.ts";

/** What `--version` gives, which must be the version of a release. */
export function neededVersion(value: string | undefined): ReleaseVersion {
  const version = parseReleaseVersion(needed(value, "version"));
  if (version === null) throw new Misuse("--version is none");
  return version;
}
