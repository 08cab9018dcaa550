import {
  APPRAISAL_ASSETS,
  type AttesterKind,
  RELEASE_SEARCH_LIMIT,
  type ReleaseAsset,
  type ReleaseMaterial,
  type Supply,
} from "@mero-tee/appraisal";
import { PROFILES } from "@mero-tee/policy";
import { policyAsset, type SidecarSuffix } from "@mero-tee/release-artifacts";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { isJsonObject, type JsonValue, toPlainJson } from "@mero-tee/tdx-quote/json";
import { list, object, text } from "@mero-tee/tdx-quote/json-shape";

import { getFromApi } from "./api-client.ts";

const RELEASES = object({ releases: list(object({ tag: text, published_at: text })) });

interface ListedRelease {
  readonly tag: string;
  readonly published_at: string | null;
}

/**
 * Fetches the signed files of the release that is asked for or, newest first, of releases up to the first that seems to fit.
 * Which one fits, and who signed it, is for the appraisal to say.
 *
 * @param tag - null: search
 * @param seemsToFit - whether a release's files name what the machine measured
 */
export async function fetchReleases(
  kind: AttesterKind,
  tag: string | null,
  seemsToFit: (assets: readonly ReleaseAsset[]) => boolean,
): Promise<Supply<readonly ReleaseMaterial[]>> {
  const listed = await fetchReleaseList(kind);
  if (tag === null && listed === null) return UNAVAILABLE;
  const wanted =
    tag === null
      ? (listed ?? []).slice(0, RELEASE_SEARCH_LIMIT)
      : [listed?.find((release) => release.tag === tag) ?? { tag, published_at: null }];
  const found: ReleaseMaterial[] = [];
  for (const release of wanted) {
    const assets = await fetchAssets(kind, release.tag);
    if (assets === "not-found") continue;
    if (assets === "unavailable") return found.length === 0 ? UNAVAILABLE : given(found);
    const publishedAt = release.published_at;
    found.push({ tag: release.tag, origin: "published", publishedAt, withdrawn: null, assets });
    if (seemsToFit(assets)) break;
  }
  return found.length === 0 ? { status: "absent", reason: "The release host has no such release" } : given(found);
}

const UNAVAILABLE: Supply<never> = {
  status: "unavailable",
  reason: "This site's API could not fetch signed release data",
};

function given(value: readonly ReleaseMaterial[]): Supply<readonly ReleaseMaterial[]> {
  return { status: "given", value, source: "the release host, through this site's API" };
}

/** The releases that the API lists, the newest first; null if it does not. */
export async function fetchReleaseList(kind: AttesterKind): Promise<readonly ListedRelease[] | null> {
  const answer = await getFromApi(`/api/releases?family=${kind}&limit=50`);
  const read = answer.ok ? RELEASES(answer.value.json, "") : answer;
  return read.ok ? read.value.releases : null;
}

type Assets = readonly ReleaseAsset[] | "not-found" | "unavailable";

async function fetchAssets(kind: AttesterKind, tag: string): Promise<Assets> {
  const answers = await Promise.all(APPRAISAL_ASSETS[kind].map(async (name) => await fetchAsset(name, tag)));
  if (answers.includes("unavailable")) return "unavailable";
  const assets = answers.filter((asset) => typeof asset !== "string");
  return assets.length === 0 ? "not-found" : assets;
}

async function fetchAsset(name: string, tag: string): Promise<ReleaseAsset | "not-found" | "unavailable"> {
  const answer = await getFromApi(pathOf(name, tag));
  if (!answer.ok) return answer.error.code === "release_not_found" ? "not-found" : "unavailable";
  return readEnvelope(name, answer.value.json) ?? "unavailable";
}

function pathOf(name: string, tag: string): string {
  const query = `tag=${encodeURIComponent(tag)}&envelope=1`;
  const profile = PROFILES.find((each) => policyAsset(each) === name);
  if (profile !== undefined) return `/api/policy?${query}&profile=${profile}`;
  return tag.startsWith("mero-kms-") ? `/api/compat-map?${query}` : `/api/node-policy?${query}`;
}

/** Reads an envelope: the file's bytes, and what says who signed them. */
function readEnvelope(name: string, json: JsonValue): ReleaseAsset | null {
  if (!isJsonObject(json)) return null;
  const bytes = bytesOf(json.get("bytes_b64"));
  if (bytes === null) return null;
  const sidecars = new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>();
  const bundle = json.get("bundle");
  const encoder = new TextEncoder();
  if (isJsonObject(bundle)) sidecars.set(".sigstore.json", encoder.encode(JSON.stringify(toPlainJson(bundle))));
  const signature = json.get("sig_b64");
  if (typeof signature === "string") sidecars.set(".sig", encoder.encode(signature));
  const certificate = json.get("cert_pem");
  if (typeof certificate === "string") sidecars.set(".pem", encoder.encode(certificate));
  return { name, bytes, sidecars };
}

function bytesOf(value: JsonValue | undefined): Uint8Array<ArrayBuffer> | null {
  return typeof value === "string" ? parseBase64(value) : null;
}
