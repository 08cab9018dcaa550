import { type ReleaseLane, releaseTag, type ReleaseVersion } from "../../packages/release-artifacts/src/index.ts";

/** Where releases are looked up. */
export interface ReleaseLookup {
  /** Base address of GitHub's API. */
  readonly api: string;
  /** `OWNER/NAME` */
  readonly repository: string;
  /** Without one, what anybody may ask. */
  readonly token?: string;
}

/**
 * Whether a release is published. A draft is not.
 *
 * Throws when GitHub gives no answer that says so or otherwise: a release that may be there must not be made twice.
 * Source: GitHub REST API, get a release by tag name.
 */
export async function isPublished(
  { api, repository, token }: ReleaseLookup,
  lane: ReleaseLane,
  version: ReleaseVersion,
): Promise<boolean> {
  const tag = releaseTag(lane, version);
  const answer = await fetch(`${api}/repos/${repository}/releases/tags/${tag}`, {
    redirect: "error",
    headers: {
      accept: "application/vnd.github+json",
      "user-agent": "mero-tee",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
  if (answer.status === 404) return false;
  if (answer.status !== 200) throw new Error(`GitHub answered the question for ${tag} with status ${answer.status}`);
  const release: unknown = await answer.json();
  const named = typeof release === "object" && release !== null && "tag_name" in release ? release.tag_name : null;
  if (named !== tag) throw new Error(`GitHub answered the question for ${tag} with another release`);
  return true;
}
