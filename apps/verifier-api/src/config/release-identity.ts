import { isRepository, laneIdentity } from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

/** The families whose files are passed on. */
export type ReleaseFamily = "kms" | "node";

/** A repository whose releases are passed on. */
export function parseRepository(text: string): Result<string, string> {
  return isRepository(text) ? ok(text) : err("must be OWNER/NAME");
}

/** The workflow that signs the releases of a family in a repository. */
export function workflowOf(family: ReleaseFamily, repository: string): string {
  const identity = laneIdentity(family, repository);
  if (!("exact" in identity)) throw new TypeError("the identity of a lane is exact");
  return identity.exact;
}
