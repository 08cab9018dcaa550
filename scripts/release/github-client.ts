import { stopLane } from "./lane-stop.ts";
import { at, listAt, textAt } from "./mero-tee.ts";
import type { HostedAsset, HostedRelease, ReleaseHost } from "./release-host.ts";

/** How GitHub's releases are reached. */
export interface GithubAccess {
  readonly fetch: typeof fetch;
  /** `OWNER/NAME` */
  readonly repository: string;
  /** Empty: nobody in particular, who may look and not touch. */
  readonly token: string;
}

const API = "https://api.github.com";
const UPLOADS = "https://uploads.github.com";
const TIMEOUT_MS = 600_000;
const PAGE_SIZE = 100;

/**
 * GitHub's releases as the host that a lane publishes to.
 *
 * Source: GitHub REST API, releases and release assets.
 */
export function createGithubHost({ fetch: send, repository, token }: GithubAccess): ReleaseHost {
  const releases = `${API}/repos/${repository}/releases`;
  const headers = {
    accept: "application/vnd.github+json",
    ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
    "user-agent": "mero-tee",
    "x-github-api-version": "2022-11-28",
  };
  // GitHub answers with 404 also where a token may not do what it asks for: only who looks for something takes that as an answer.
  const call = async (
    what: string,
    method: string,
    url: string,
    body?: { readonly json: unknown } | { readonly bytes: Uint8Array<ArrayBuffer> },
  ): Promise<{ readonly status: number; readonly value: unknown }> => {
    const content = body === undefined ? { headers: {} } : bodyOf(body);
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const answer = await send(url, {
        method,
        redirect: "error",
        signal,
        ...content,
        headers: { ...headers, ...content.headers },
      });
      const text = await answer.text();
      const value: unknown = text === "" ? null : JSON.parse(text);
      if (answer.status >= 400 && !(answer.status === 404 && method === "GET"))
        stopLane("host-failed", `GitHub refused ${what} with status ${answer.status}.`);
      return { status: answer.status, value };
    } catch (error) {
      if (error instanceof TypeError || error instanceof SyntaxError || isTimeout(error))
        return stopLane("host-failed", `GitHub gave no usable answer to ${what}.`);
      throw error;
    }
  };
  const loaded = async (id: string): Promise<HostedRelease> => {
    const { status, value } = await call(`release ${id}`, "GET", `${releases}/${id}`);
    if (status === 404) stopLane("host-failed", `GitHub has no release ${id} any more.`);
    return { ...releaseOf(value), assets: await assetsOf(id) };
  };
  // A release names its first assets only.
  const assetsOf = async (id: string): Promise<readonly HostedAsset[]> => {
    const assets: HostedAsset[] = [];
    for (let page = 1; ; page += 1) {
      const url = `${releases}/${id}/assets?per_page=${PAGE_SIZE}&page=${page}`;
      const { status, value } = await call("the assets", "GET", url);
      if (status === 404) stopLane("host-failed", `GitHub has no assets of release ${id}.`);
      const some = Array.isArray(value) ? value : [];
      assets.push(...some.map(assetOf));
      if (some.length < PAGE_SIZE) return assets;
    }
  };
  return {
    async find(tag) {
      const { status, value } = await call(`the release ${tag}`, "GET", `${releases}/tags/${tag}`);
      return status === 404 ? null : releaseOf(value);
    },
    async createDraft({ tag, name, commit, isPrerelease, body }) {
      const json = { tag_name: tag, target_commitish: commit, name, body, draft: true, prerelease: isPrerelease };
      return releaseOf((await call("the draft", "POST", releases, { json })).value);
    },
    async upload({ id }, name, bytes) {
      const url = `${UPLOADS}/repos/${repository}/releases/${id}/assets?name=${encodeURIComponent(name)}`;
      const { status } = await call(`the upload of ${name}`, "POST", url, { bytes });
      if (status !== 201) stopLane("host-failed", `GitHub did not take ${name} (status ${status}).`);
    },
    reload: async ({ id }) => await loaded(id),
    async publish({ id }, isLatest) {
      const json = { draft: false, make_latest: isLatest ? "true" : "false" };
      await call("publishing", "PATCH", `${releases}/${id}`, { json });
    },
    async remove({ id, isDraft }) {
      if (!isDraft) throw new Error("a published release is never removed");
      await call("removing the draft", "DELETE", `${releases}/${id}`);
    },
    async setBody({ id }, body) {
      await call("the text of the release", "PATCH", `${releases}/${id}`, { json: { body } });
    },
  };
}

function bodyOf(body: { readonly json: unknown } | { readonly bytes: Uint8Array<ArrayBuffer> }): {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
} {
  return "json" in body
    ? { body: JSON.stringify(body.json), headers: { "content-type": "application/json" } }
    : { body: body.bytes, headers: { "content-type": "application/octet-stream" } };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
}

function releaseOf(value: unknown): HostedRelease {
  const id = at(value, "id");
  if (typeof id !== "number") stopLane("host-failed", "GitHub's answer names no release.");
  return {
    id: String(id),
    tag: textAt(value, "tag_name"),
    isDraft: at(value, "draft") === true,
    body: textAt(value, "body"),
    assets: listAt(value, "assets").map(assetOf),
  };
}

function assetOf(value: unknown): HostedAsset {
  const size = at(value, "size");
  const digest = /^sha256:(?<hex>[0-9a-f]{64})$/.exec(textAt(value, "digest"))?.groups?.["hex"];
  return { name: textAt(value, "name"), size: typeof size === "number" ? size : -1, sha256: digest ?? null };
}
