import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import type { ReleaseFamily } from "../config/release-identity.ts";
import type { ReleaseList } from "../wire/release-answers.ts";
import { compareNewestFirst, versionOfTag } from "./release-tag.ts";

const LIST_LIMIT_BYTES = 4 * 1024 * 1024;
const MAX_ASSETS = 200;

type Listed = Omit<ReleaseList["releases"][number], "newest">;

/**
 * Reads what GitHub answers for the releases of a repository: those of a family, drafts aside, the newest version first.
 *
 * @returns null for what is no such list
 * Source: GitHub REST API, list releases.
 */
export function readReleaseList(family: ReleaseFamily, bytes: Uint8Array): ReleaseList["releases"] | null {
  const json = parseStrictJson(bytes, { maxBytes: LIST_LIMIT_BYTES });
  if (!json.ok || !Array.isArray(json.value)) return null;
  const listed: Listed[] = [];
  for (const entry of json.value) {
    if (!isJsonObject(entry)) return null;
    const [tag, published, assets] = ["tag_name", "published_at", "assets"].map((name) => entry.get(name));
    const version = typeof tag === "string" ? versionOfTag(family, tag) : null;
    if (version === null || typeof tag !== "string" || entry.get("draft") === true) continue;
    if (typeof published !== "string" || !Array.isArray(assets)) return null;
    const names = assets.flatMap((asset) => {
      const name = isJsonObject(asset) ? asset.get("name") : null;
      return typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) ? [name] : [];
    });
    listed.push({
      tag,
      version,
      published_at: published,
      prerelease: entry.get("prerelease") === true || version.includes("-"),
      assets: names.slice(0, MAX_ASSETS),
    });
  }
  const sorted = listed.toSorted(
    (a, b) => compareNewestFirst(a.version, b.version) || b.published_at.localeCompare(a.published_at),
  );
  const newest = sorted.find(({ prerelease }) => !prerelease);
  return sorted.map((release) => ({ ...release, newest: release === newest }));
}
