import {
  APPRAISAL_ASSETS,
  type AttesterKind,
  RELEASE_SEARCH_LIMIT,
  type ReleaseAsset,
  type ReleaseMaterial,
  type Supply,
  WITHOUT_CATALOG,
  withdrawnReleases,
} from "@mero-tee/appraisal";
import { PROFILES } from "@mero-tee/policy";
import { policyAsset, type SidecarSuffix } from "@mero-tee/release-artifacts";
import { parseBase64 } from "@mero-tee/tdx-quote/base64";
import { isJsonObject, type JsonValue, toPlainJson } from "@mero-tee/tdx-quote/json";
import { list, object, text } from "@mero-tee/tdx-quote/json-shape";

import type { Reach, ReferenceSource } from "./reference-client.ts";

const RELEASES = object({ releases: list(object({ tag: text, published_at: text })) });

interface ListedRelease {
  readonly tag: string;
  readonly published_at: string | null;
}

/** Which releases are looked for, and where. */
interface ReleaseSearch {
  readonly kind: AttesterKind;
  /** Null: search. */
  readonly tag: string | null;
  /** Whether a release's files name what the machine measured. */
  readonly seemsToFit: (assets: readonly ReleaseAsset[]) => boolean;
  readonly source: ReferenceSource;
  readonly reach: Reach;
}

/**
 * Fetches the signed files of the release that is asked for or, newest first, of releases up to the first that seems to fit.
 * Which one fits, and who signed it, is for the appraisal to say.
 */
export async function fetchReleases(search: ReleaseSearch): Promise<Supply<readonly ReleaseMaterial[]>> {
  const { kind, tag, seemsToFit, source, reach } = search;
  const missing = reach === "network" ? UNAVAILABLE : NOT_GIVEN;
  const [listed, withdrawn] = await Promise.all([fetchList(kind, search), fetchWithdrawals(search)]);
  if (tag === null && listed === null) return missing;
  const newestListed = listed?.releases.find((release) => !release.tag.includes("-rc."))?.tag;
  const wanted =
    tag === null
      ? (listed?.releases ?? []).slice(0, RELEASE_SEARCH_LIMIT)
      : [listed?.releases.find((release) => release.tag === tag) ?? { tag, published_at: null }];
  const found: ReleaseMaterial[] = [];
  let age = listed?.age ?? "";
  const given = (): Supply<readonly ReleaseMaterial[]> => ({
    status: "given",
    value: found,
    source: `the release host, through this site's API${age}${withdrawn === null ? WITHOUT_CATALOG : ""}`,
  });
  for (const release of wanted) {
    const assets = await fetchAssets(kind, release.tag, source, reach);
    if (assets === "not-found") continue;
    if (assets === "unavailable") {
      // Of what is kept the list may name more than was ever fetched.
      if (reach === "kept" && tag === null) continue;
      return found.length === 0 ? missing : given();
    }
    age = assets.age === "" ? age : assets.age;
    found.push({
      tag: release.tag,
      origin: "published",
      publishedAt: release.published_at,
      withdrawn: withdrawn?.get(release.tag) ?? null,
      ...(newestListed === undefined ? {} : { newestListed }),
      assets: assets.files,
    });
    if (seemsToFit(assets.files)) break;
  }
  if (found.length > 0) return given();
  return reach === "network" ? { status: "absent", reason: "The release host has no such release" } : NOT_GIVEN;
}

const NOT_GIVEN: Supply<never> = { status: "absent", reason: "not among the files" };

const UNAVAILABLE: Supply<never> = {
  status: "unavailable",
  reason: "This site's API could not fetch signed release data",
};

/** The tags that the API lists, the newest first. */
export async function fetchTags(kind: AttesterKind, source: ReferenceSource): Promise<readonly string[]> {
  const listed = await fetchList(kind, { source, reach: "network" });
  return (listed?.releases ?? []).map(({ tag }) => tag);
}

type Place = Pick<ReleaseSearch, "source" | "reach">;

async function fetchList(
  kind: AttesterKind,
  { source, reach }: Place,
): Promise<{ readonly releases: readonly ListedRelease[]; readonly age: string } | null> {
  const answer = await source.get(`/api/releases?family=${kind}&limit=50`, reach);
  const read = answer.ok ? RELEASES(answer.value.json) : answer;
  return answer.ok && read.ok ? { releases: read.value.releases, age: answer.value.age } : null;
}

/** Why releases were withdrawn, by tag, as far as the API says; null where it says nothing. */
async function fetchWithdrawals({ source, reach }: Place): Promise<ReadonlyMap<string, string> | null> {
  const answer = await source.get("/api/catalog", reach);
  if (!answer.ok) return null;
  return withdrawnReleases(new TextEncoder().encode(JSON.stringify(toPlainJson(answer.value.json))));
}

type Assets = { readonly files: readonly ReleaseAsset[]; readonly age: string } | "not-found" | "unavailable";

async function fetchAssets(kind: AttesterKind, tag: string, source: ReferenceSource, reach: Reach): Promise<Assets> {
  const answers = await Promise.all(
    APPRAISAL_ASSETS[kind].map(async (name) => await fetchAsset(name, tag, source, reach)),
  );
  if (answers.includes("unavailable")) return "unavailable";
  const assets = answers.filter((asset) => typeof asset !== "string");
  const age = assets.find((asset) => asset.age !== "")?.age ?? "";
  return assets.length === 0 ? "not-found" : { files: assets.map(({ file }) => file), age };
}

async function fetchAsset(
  name: string,
  tag: string,
  source: ReferenceSource,
  reach: Reach,
): Promise<{ readonly file: ReleaseAsset; readonly age: string } | "not-found" | "unavailable"> {
  const answer = await source.get(pathOf(name, tag), reach);
  if (!answer.ok) return answer.error.code === "release_not_found" ? "not-found" : "unavailable";
  const file = readEnvelope(name, answer.value.json);
  return file === null ? "unavailable" : { file, age: answer.value.age };
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
