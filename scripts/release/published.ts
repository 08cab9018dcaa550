import { type ReleaseLane, releaseTag, type ReleaseVersion } from "../../packages/release-artifacts/src/index.ts";
import { askGithub, type RepositoryLookup } from "./ask-github.ts";

/**
 * Whether a release is published. A draft is not.
 *
 * Throws when GitHub gives no answer that says so or otherwise: a release that may be there must not be made twice.
 * Source: GitHub REST API, get a release by tag name.
 */
export async function isPublished(
  lookup: RepositoryLookup,
  lane: ReleaseLane,
  version: ReleaseVersion,
): Promise<boolean> {
  const tag = releaseTag(lane, version);
  const answer = await askGithub(lookup, `releases/tags/${tag}`);
  if (answer.status === 404) return false;
  if (answer.status !== 200) throw new Error(`GitHub answered the question for ${tag} with status ${answer.status}`);
  const release: unknown = await answer.json();
  const named = typeof release === "object" && release !== null && "tag_name" in release ? release.tag_name : null;
  if (named !== tag) throw new Error(`GitHub answered the question for ${tag} with another release`);
  return true;
}
