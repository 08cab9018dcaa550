import { setTimeout as sleep } from "node:timers/promises";

import {
  APPRAISAL_ASSETS,
  type AttesterKind,
  type ReleaseAsset,
  RELEASE_SEARCH_LIMIT,
  type ReleaseMaterial,
  type Supply,
  WITHOUT_CATALOG,
  withdrawnReleases,
} from "@mero-tee/appraisal";
import {
  ASSET_LIMIT_BYTES,
  BrokenDownload,
  type DownloadError,
  fetchCatalog,
  findRelease,
  listReleases,
  openAsset,
  readWhole,
  type ReleaseSource,
  type ReleaseVersion,
  SIDECAR_SUFFIXES,
  type SidecarSuffix,
} from "@mero-tee/release-artifacts";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { basename } from "node:path";

import type { Ports } from "../context.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { withProgress } from "../output.ts";

/** Which values an appraisal compares with. */
export interface ReleaseSearch {
  /** Null: nothing is fetched, because nobody knows whose release it would be. */
  readonly kind: AttesterKind | null;
  readonly repository: string;
  readonly version: ReleaseVersion | undefined;
  /** Whether a release's files name what was measured; null: a release that nobody names is not looked for. */
  readonly seemsToFit: ((assets: readonly ReleaseAsset[]) => boolean) | null;
  /** Files of the reader's own. */
  readonly files: readonly string[];
}

/**
 * Obtains the values to compare with: files of the reader's own, or the assets that an appraisal reads of one release, with
 * their signatures; where nobody names it, of releases up to the one that seems to fit. Nothing is verified here.
 *
 * Errors: those of the files. A release that did not come is for the appraisal to say.
 */
export async function supplyReleases(
  ports: Ports,
  { kind, repository, version, files, seemsToFit }: ReleaseSearch,
): Promise<Result<Supply<readonly ReleaseMaterial[]>, Refusal>> {
  if (files.length > 0) return await ownValues(ports, files);
  if (version === undefined && seemsToFit === null)
    return ok({ status: "absent", reason: "give --version or --policy" });
  if (kind === null) return ok({ status: "absent", reason: "give --kind, so that it is known whose release is meant" });
  const source: ReleaseSource = {
    fetch: ports.fetch,
    repository,
    wait: async (milliseconds) => await sleep(milliseconds),
  };
  if (version !== undefined) {
    const label = `fetching release ${version} of the ${kind} from ${repository}`;
    const work = Promise.all([fetchMaterial(source, kind, version), fetchCatalog(source)]);
    const [material, catalog] = await withProgress(ports, label, work);
    return ok(material.ok ? given([material.value], repository, catalog) : lacking(material.error));
  }
  const label = `looking for the release that this ${kind} is of, in ${repository}`;
  return ok(await withProgress(ports, label, search(source, kind, seemsToFit ?? (() => true))));
}

/** Releases beside what the repository's catalog says of them: it is the one place where a release is withdrawn. */
function given(
  releases: readonly ReleaseMaterial[],
  repository: string,
  catalog: Result<Uint8Array, DownloadError>,
): Supply<readonly ReleaseMaterial[]> {
  const withdrawn = catalog.ok ? withdrawnReleases(catalog.value) : null;
  const value = releases.map((release) => ({ ...release, withdrawn: withdrawn?.get(release.tag ?? "") ?? null }));
  return { status: "given", value, source: `${repository}${withdrawn === null ? WITHOUT_CATALOG : ""}` };
}

function lacking({ code, message }: DownloadError): Supply<never> {
  return { status: code === "release-not-found" ? "absent" : "unavailable", reason: message.replace(/\.$/, "") };
}

/** Fetches releases, newest first, up to the first that seems to fit. Which one fits is for the appraisal to say. */
async function search(
  source: ReleaseSource,
  kind: AttesterKind,
  seemsToFit: (assets: readonly ReleaseAsset[]) => boolean,
): Promise<Supply<readonly ReleaseMaterial[]>> {
  const [listed, catalog] = await Promise.all([listReleases(source), fetchCatalog(source)]);
  if (!listed.ok) return lacking(listed.error);
  const found: ReleaseMaterial[] = [];
  const lane = listed.value.filter((release) => release.lane === kind);
  const newest = lane.find(({ isPrerelease }) => !isPrerelease);
  const listing = newest === undefined ? {} : { newestListed: newest.tag };
  for (const { tag, publishedAt, assets: names } of lane.slice(0, RELEASE_SEARCH_LIMIT)) {
    const assets = await fetchAssets(source, kind, tag, [...names.keys()]);
    // One that does not come may be the one that fits: what was found before is no answer then.
    if (!assets.ok) return lacking(assets.error);
    found.push({ tag, origin: "published", publishedAt, withdrawn: null, ...listing, assets: assets.value });
    if (seemsToFit(assets.value)) break;
  }
  if (found.length === 0) return { status: "absent", reason: `${source.repository} has no release of this lane` };
  return given(found, source.repository, catalog);
}

async function ownValues(
  ports: Ports,
  paths: readonly string[],
): Promise<Result<Supply<readonly ReleaseMaterial[]>, Refusal>> {
  const assets: ReleaseAsset[] = [];
  for (const path of paths) {
    const bytes = await ports.files.read(path, ASSET_LIMIT_BYTES.document);
    if (!bytes.ok) return err(refusalOfCli(bytes.error));
    assets.push({ name: basename(path), bytes: bytes.value, sidecars: new Map() });
  }
  const material: ReleaseMaterial = { tag: null, origin: "user", publishedAt: null, withdrawn: null, assets };
  return ok({ status: "given", value: [material], source: "files of your own" });
}

async function fetchMaterial(
  source: ReleaseSource,
  kind: AttesterKind,
  version: ReleaseVersion,
): Promise<Result<ReleaseMaterial, DownloadError>> {
  const found = await findRelease(source, kind, version);
  if (!found.ok) return found;
  const { tag } = found.value;
  const assets = await fetchAssets(source, kind, tag, found.value.assets);
  if (!assets.ok) return assets;
  return ok({ tag, origin: "published", publishedAt: null, withdrawn: null, assets: assets.value });
}

/** The files of a release that an appraisal reads, as far as its list names them, each with its signatures. */
async function fetchAssets(
  source: ReleaseSource,
  kind: AttesterKind,
  tag: string,
  listed: readonly string[],
): Promise<Result<readonly ReleaseAsset[], DownloadError>> {
  const assets: ReleaseAsset[] = [];
  for (const name of APPRAISAL_ASSETS[kind].filter((each) => listed.includes(each))) {
    const bytes = await download(source, { lane: kind, tag }, name);
    if (!bytes.ok) return bytes;
    const sidecars = new Map<SidecarSuffix, Uint8Array<ArrayBuffer>>();
    for (const suffix of SIDECAR_SUFFIXES.filter((each) => listed.includes(name + each))) {
      const sidecar = await download(source, { lane: kind, tag }, name + suffix);
      if (!sidecar.ok) return sidecar;
      sidecars.set(suffix, sidecar.value);
    }
    assets.push({ name, bytes: bytes.value, sidecars });
  }
  return ok(assets);
}

async function download(
  source: ReleaseSource,
  release: { readonly lane: AttesterKind; readonly tag: string },
  name: string,
): Promise<Result<Uint8Array<ArrayBuffer>, DownloadError>> {
  const opened = await openAsset(source, release, name);
  if (!opened.ok) return opened;
  try {
    const bytes = await readWhole(opened.value.chunks, ASSET_LIMIT_BYTES.document);
    if (bytes !== null) return ok(bytes);
    return err({ code: "release-asset-too-large", message: `${name} is too large.` });
  } catch (error) {
    if (error instanceof BrokenDownload) return err(error.error);
    throw error;
  } finally {
    opened.value.cancel();
  }
}
