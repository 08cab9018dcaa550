import { isJsonObject, jsonUnsigned, type JsonValue, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import type { FetchPort } from "@mero-tee/tdx-quote/collateral";

import { ASSET_LIMIT_BYTES, assetForm, isAssetName, sidecarOf } from "./asset-names.ts";
import {
  type Download,
  downloadOf,
  followRedirects,
  GITHUB_RELEASE_ORIGINS,
  MAX_REDIRECTS,
} from "./follow-redirects.ts";
import type { ReleaseLane } from "./lane.ts";
import { readWhole } from "./release-files.ts";
import { releaseAssetUrl } from "./release-url.ts";
import { releaseTag, type ReleaseVersion } from "./release-version.ts";

/** Every code of finding and downloading releases; closed and documented. */
export const DOWNLOAD_CODES = [
  "release-not-found",
  "release-list-malformed",
  "release-fetch-failed",
  "release-redirect-refused",
  "release-asset-too-large",
  "release-asset-late",
] as const;

/** Why a release, or a file of it, did not come; `message` names the file and says why. */
export interface DownloadError {
  readonly code: (typeof DOWNLOAD_CODES)[number];
  readonly message: string;
}

/** Where releases come from. */
export interface ReleaseSource {
  readonly fetch: FetchPort;
  /** `OWNER/NAME` */
  readonly repository: string;
  /** Waits before the next try. */
  readonly wait: (milliseconds: number) => Promise<void>;
  /** Longest time for one file, in milliseconds. */
  readonly timeoutMs?: number;
}

/** A release as its host lists it; nothing in it is trusted. */
export interface FoundRelease {
  readonly tag: string;
  readonly isPrerelease: boolean;
  /** Names that an asset can have, each once. */
  readonly assets: readonly string[];
}

const TRIES = 5;
const PAUSE_MS = 3_000;
const TIMEOUT_MS = 600_000;
const LIST_LIMIT_BYTES = 4 * 1024 * 1024;
const SIDECAR_LIMIT_BYTES = 1024 * 1024;
const MAX_ASSETS = 1000;

/** Redirects lead to GitHub's own hosts, and nowhere else. */
const MAY_LEAD_TO: ReadonlySet<string> = new Set(["https://api.github.com", ...GITHUB_RELEASE_ORIGINS]);

/**
 * Looks a release up, and lists what it has. A draft counts as absent.
 *
 * Errors: `release-not-found`, `release-list-malformed` and those of {@link openAsset}.
 * Source: GitHub REST API, get a release by tag name.
 */
export async function findRelease(
  source: ReleaseSource,
  lane: ReleaseLane,
  version: ReleaseVersion,
): Promise<Result<FoundRelease, DownloadError>> {
  const tag = releaseTag(lane, version);
  const url = `https://api.github.com/repos/${source.repository}/releases/tags/${tag}`;
  const opened = await openUrl(source, { name: `The list of ${tag}`, url, accept: "application/vnd.github+json" });
  if (!opened.ok && opened.error.code === "release-not-found")
    return refuse("release-not-found", `There is no release ${tag} in ${source.repository}.`);
  if (!opened.ok) return opened;
  try {
    const bytes = await readWhole(opened.value.chunks, LIST_LIMIT_BYTES);
    if (bytes === null)
      return refuse("release-list-malformed", `The list of ${tag} is longer than ${LIST_LIMIT_BYTES} bytes.`);
    const json = parseStrictJson(bytes, { maxBytes: LIST_LIMIT_BYTES });
    const release = json.ok ? readRelease(json.value, tag) : null;
    return release ?? refuse("release-list-malformed", `The list of ${tag} is not what GitHub answers.`);
  } catch (error) {
    return refuse("release-fetch-failed", `The list of ${tag} broke off: ${reasonOf(error)}.`);
  } finally {
    opened.value.cancel();
  }
}

function readRelease(json: JsonValue, tag: string): Result<FoundRelease, DownloadError> | null {
  if (!isJsonObject(json) || json.get("tag_name") !== tag) return null;
  if (json.get("draft") === true) return refuse("release-not-found", `${tag} is a draft.`);
  const listed = json.get("assets");
  if (!Array.isArray(listed) || listed.length > MAX_ASSETS) return null;
  const names = new Set<string>();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the array of a JSON value
  for (const asset of listed as readonly JsonValue[]) {
    const name = isJsonObject(asset) ? asset.get("name") : null;
    const size = isJsonObject(asset) ? jsonUnsigned(asset.get("size"), Number.MAX_SAFE_INTEGER) : null;
    if (typeof name !== "string" || size === null) return null;
    // A name that is none could not be written down under itself; the rules would refuse it in any case.
    if (!isAssetName(name))
      return refuse("release-list-malformed", `${tag} lists an asset whose name is no file name.`);
    names.add(name);
  }
  return ok({ tag, isPrerelease: json.get("prerelease") === true, assets: [...names] });
}

/**
 * Opens an asset for reading. Its address follows from repository, tag and name, whatever a list says; redirects are followed
 * to the hosts of GitHub's releases alone, over https. A server that fails, or a connection that breaks before the first byte, is
 * tried five times.
 *
 * @returns the bytes, which throw {@link BrokenDownload} where they break off or are more than any asset of that name may have
 * Errors: `release-not-found` (404), `release-fetch-failed`, `release-redirect-refused`.
 * Source: docs/releases.md, rules AS-05 and AS-07.
 */
export async function openAsset(
  source: ReleaseSource,
  release: { readonly lane: ReleaseLane; readonly tag: string },
  name: string,
): Promise<Result<Download, DownloadError>> {
  const url = releaseAssetUrl(source.repository, release.tag, name);
  const opened = await openUrl(source, { name, url, accept: "application/octet-stream" });
  if (!opened.ok) return opened;
  const form = sidecarOf(name) === null ? assetForm(release.lane, name) : null;
  const limit = form === null ? SIDECAR_LIMIT_BYTES : ASSET_LIMIT_BYTES[form];
  return ok({ chunks: bounded(name, opened.value.chunks, limit), cancel: () => opened.value.cancel() });
}

/** Thrown by the bytes of a download: the reader of a stream has no other way to hear of it. */
export class BrokenDownload extends Error {
  readonly error: DownloadError;

  constructor(error: DownloadError) {
    super(error.message);
    this.error = error;
  }
}

async function* bounded(name: string, chunks: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  const iterator = chunks[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await iterator.next();
    } catch (error) {
      throw new BrokenDownload({ code: "release-fetch-failed", message: `${name} broke off: ${reasonOf(error)}.` });
    }
    if (next.done === true) return;
    size += next.value.length;
    if (size > limit) {
      throw new BrokenDownload({ code: "release-asset-too-large", message: `${name} is longer than ${limit} bytes.` });
    }
    yield next.value;
  }
}

/** One file or list to fetch. */
export interface OneRequest {
  /** What messages call it. */
  readonly name: string;
  readonly url: string;
  readonly accept: string;
}

/** Opens an address of the release host, under the rules of {@link openAsset}. */
export async function openUrl(source: ReleaseSource, request: OneRequest): Promise<Result<Download, DownloadError>> {
  let failed: Result<never, DownloadError> = refuse("release-fetch-failed", `${request.name} was not asked for.`);
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (tries > 0) await source.wait(PAUSE_MS);
    const opened = await openOnce(source, request);
    if (opened.ok || opened.error.code !== "release-fetch-failed") return opened;
    failed = opened;
  }
  return failed;
}

async function openOnce(
  source: ReleaseSource,
  { name, url, accept }: OneRequest,
): Promise<Result<Download, DownloadError>> {
  const followed = await followRedirects(source.fetch, {
    url,
    headers: { accept, "user-agent": "mero-tee" },
    signal: AbortSignal.timeout(source.timeoutMs ?? TIMEOUT_MS),
    mayLeadTo: MAY_LEAD_TO,
  });
  switch (followed.end) {
    case "failed":
      return refuse("release-fetch-failed", `${name} could not be fetched: ${reasonOf(followed.error)}.`);
    case "led-astray":
      return refuse("release-redirect-refused", `${name} is redirected to a host that serves no releases.`);
    case "led-on":
      return refuse("release-redirect-refused", `${name} is redirected more than ${MAX_REDIRECTS} times.`);
    case "answered": {
      const download = downloadOf(followed.answer);
      const { status } = followed.answer;
      if (status === 200) return ok(download);
      download.cancel();
      return status === 404
        ? refuse("release-not-found", `There is no ${name} in ${source.repository}.`)
        : refuse("release-fetch-failed", `${name} was answered with status ${status}.`);
    }
  }
}

/** The transport's own words, without the address, which may carry a signed query. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "the transport failed";
  if (error.name === "TimeoutError") return "timed out";
  const { cause } = error;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return "the transport failed";
}

function refuse(code: DownloadError["code"], message: string): { readonly ok: false; readonly error: DownloadError } {
  return err({ code, message });
}
