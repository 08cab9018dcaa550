/** Whose repository is looked at. */
export interface RepositoryLookup {
  /** Base address of GitHub's API. */
  readonly api: string;
  /** `OWNER/NAME` */
  readonly repository: string;
  /** Without one, what anybody may ask. */
  readonly token?: string;
}

/** Asks GitHub about a repository; the path is below that. Any status is an answer. Source: GitHub REST API. */
export async function askGithub({ api, repository, token }: RepositoryLookup, path: string): Promise<Response> {
  return await fetch(`${api}/repos/${repository}/${path}`, {
    redirect: "error",
    headers: {
      accept: "application/vnd.github+json",
      "user-agent": "mero-tee",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
  });
}
