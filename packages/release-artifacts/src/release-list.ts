import { isJsonObject, jsonUnsigned, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { isAssetName } from "./asset-names.ts";
import { type ReleaseLane, TAG_PREFIX } from "./lane.ts";
import { type DownloadError, openUrl, type ReleaseSource } from "./release-download.ts";
import { readWhole } from "./release-files.ts";
import { compareVersions, parseReleaseReference, releaseTag, type ReleaseVersion } from "./release-version.ts";

/** A published release of one of our lanes, as its host lists it; nothing in it is trusted. */
export interface ListedRelease {
  readonly lane: ReleaseLane;
  readonly version: ReleaseVersion;
  readonly tag: string;
  readonly isPrerelease: boolean;
  /** RFC 3339; null where the host does not say. */
  readonly publishedAt: string | null;
  /** The digest that the host computed (64 hex digits) of each asset; null where it gives none. */
  readonly assets: ReadonlyMap<string, string | null>;
}

const PAGE_SIZE = 100;
const MAX_PAGES = 20;
const PAGE_LIMIT_BYTES = 32 * 1024 * 1024;

/**
 * Lists the published releases of all lanes, newest version of each lane first. Drafts, and tags that are none of a lane, are
 * left out: the umbrella release is such a one.
 *
 * Errors: `release-list-malformed`, `release-not-found`, `release-fetch-failed`, `release-redirect-refused`.
 * Source: GitHub REST API, list releases.
 */
export async function listReleases(source: ReleaseSource): Promise<Result<readonly ListedRelease[], DownloadError>> {
  const found = new Map<string, ListedRelease>();
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const listed = await fetchPage(source, page);
    if (!listed.ok) return listed;
    for (const entry of listed.value) {
      const release = readEntry(entry);
      if (release === null) return malformed(`Page ${page} of the releases is not what GitHub answers.`);
      if (release === "none of ours") continue;
      if (found.has(release.tag)) return malformed(`The releases of ${source.repository} have ${release.tag} twice.`);
      found.set(release.tag, release);
    }
    if (listed.value.length < PAGE_SIZE) return ok([...found.values()].toSorted(newestFirst));
  }
  return malformed(`${source.repository} has more than ${PAGE_SIZE * MAX_PAGES} releases.`);
}

function newestFirst(left: ListedRelease, right: ListedRelease): number {
  return left.lane === right.lane ? compareVersions(right.version, left.version) : left.lane < right.lane ? -1 : 1;
}

async function fetchPage(source: ReleaseSource, page: number): Promise<Result<readonly JsonValue[], DownloadError>> {
  const name = `Page ${page} of the releases`;
  const opened = await openUrl(source, {
    name,
    url: `https://api.github.com/repos/${source.repository}/releases?per_page=${PAGE_SIZE}&page=${page}`,
    accept: "application/vnd.github+json",
  });
  if (!opened.ok) return opened;
  try {
    const bytes = await readWhole(opened.value.chunks, PAGE_LIMIT_BYTES);
    const json = bytes === null ? null : parseStrictJson(bytes, { maxBytes: PAGE_LIMIT_BYTES });
    if (json?.ok !== true || !Array.isArray(json.value)) return malformed(`${name} is not what GitHub answers.`);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array of a JSON value
    return ok(json.value as readonly JsonValue[]);
  } catch {
    // The transport's own words are the reader's, and may carry an address.
    return err({ code: "release-fetch-failed", message: `${name} broke off.` });
  } finally {
    opened.value.cancel();
  }
}

function readEntry(entry: JsonValue): ListedRelease | "none of ours" | null {
  if (!isJsonObject(entry)) return null;
  const tag = entry.get("tag_name");
  if (typeof tag !== "string") return null;
  const reference = parseReleaseReference(tag);
  const lane = reference.ok ? reference.value.lane : null;
  // A name for input alone (an alias, a bare version) is no tag that a lane makes.
  if (!reference.ok || lane === null || tag !== releaseTag(lane, reference.value.version)) return "none of ours";
  if (!tag.startsWith(TAG_PREFIX[lane]) || entry.get("draft") === true) return "none of ours";
  const listed = entry.get("assets");
  if (!Array.isArray(listed)) return null;
  const assets = new Map<string, string | null>();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array of a JSON value
  for (const asset of listed as readonly JsonValue[]) {
    if (!isJsonObject(asset)) return null;
    const name = asset.get("name");
    const isRead = typeof name === "string" && isAssetName(name) && !assets.has(name);
    if (!isRead || jsonUnsigned(asset.get("size"), Number.MAX_SAFE_INTEGER) === null) return null;
    const digest = asset.get("digest");
    const hex = typeof digest === "string" ? /^sha256:(?<hex>[0-9a-f]{64})$/.exec(digest)?.groups?.["hex"] : null;
    assets.set(name, hex ?? null);
  }
  const publishedAt = entry.get("published_at");
  return {
    lane,
    version: reference.value.version,
    tag,
    isPrerelease: entry.get("prerelease") === true,
    publishedAt: typeof publishedAt === "string" ? publishedAt : null,
    assets,
  };
}

function malformed(message: string): { readonly ok: false; readonly error: DownloadError } {
  return err({ code: "release-list-malformed", message });
}
