import { PROFILES } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { ASSET } from "./asset-names.ts";
import type { CatalogEntry, CompatibilityCatalog } from "./documents/compatibility-catalog.ts";
import type { CompatibilityMap } from "./documents/compatibility-map.ts";
import { releaseAssetUrl } from "./release-url.ts";
import {
  compareVersions,
  isReleaseCandidate,
  parseReleaseVersion,
  releaseTag,
  type ReleaseVersion,
} from "./release-version.ts";

/** Every code of the catalog; closed and documented. */
export const CATALOG_CODES = [
  "catalog-inconsistent",
  "catalog-release-unlisted",
  "catalog-release-withdrawn",
  "catalog-release-untested",
  "catalog-versions-differ",
  "catalog-entry-conflict",
  "catalog-candidate-refused",
] as const;

/** One of {@link CATALOG_CODES}. */
export type CatalogCode = (typeof CATALOG_CODES)[number];

/** Why releases do not go together, or why a catalog cannot say; `message` is for an operator. */
export interface CatalogError {
  readonly code: CatalogCode;
  readonly message: string;
}

/**
 * Checks a catalog in itself: stable versions in ascending order, each once, with tags and addresses that follow from version
 * and repository.
 *
 * Errors: `catalog-inconsistent`, the first inconsistency.
 * Source: docs/releases.md.
 */
export function checkCatalog(catalog: CompatibilityCatalog, repository: string): Result<null, CatalogError> {
  let previous: ReleaseVersion | null = null;
  for (const entry of catalog.releases) {
    const version = parseReleaseVersion(entry.version);
    if (version === null || isReleaseCandidate(version))
      return refuse("catalog-inconsistent", `${entry.version} is no stable version.`);
    if (previous !== null && compareVersions(previous, version) >= 0) {
      return refuse("catalog-inconsistent", `${version} stands behind ${previous}; versions must ascend, each once.`);
    }
    previous = version;
    const expected = entryShell(version, repository);
    for (const key of ["kms_tag", "node_image_tag", "kms_policy_url", "node_policy_url"] as const) {
      if (entry[key] !== expected[key])
        return refuse("catalog-inconsistent", `${key} of ${version} is not ${expected[key]}.`);
    }
  }
  return ok(null);
}

/**
 * Checks what became of the entries of a catalog: releases do not change, so each is still there with its digests, and one that was
 * withdrawn stays withdrawn. A wrong release is withdrawn, never removed.
 *
 * Error: `catalog-entry-conflict`, the first one.
 */
export function checkCatalogChange(
  before: CompatibilityCatalog,
  after: CompatibilityCatalog,
): Result<null, CatalogError> {
  for (const entry of before.releases) {
    const { version } = entry;
    const now = after.releases.find((each) => each.version === version);
    if (now === undefined) return refuse("catalog-entry-conflict", `The catalog no longer lists ${version}.`);
    if (digestsOf(now) !== digestsOf(entry)) {
      return refuse(
        "catalog-entry-conflict",
        `The catalog lists ${version} with other digests; releases do not change.`,
      );
    }
    if (entry.withdrawn !== undefined && now.withdrawn === undefined) {
      return refuse("catalog-entry-conflict", `${version} was withdrawn, and is offered again.`);
    }
  }
  return ok(null);
}

/**
 * Whether a KMS and a node release belong together: both lanes share one version, which the catalog lists, tested and not
 * withdrawn.
 *
 * @returns the entry that says so
 * Errors: `catalog-versions-differ`, `catalog-release-unlisted`, `catalog-release-withdrawn`, `catalog-release-untested`.
 */
export function checkCompatible(
  catalog: CompatibilityCatalog,
  kms: ReleaseVersion,
  node: ReleaseVersion,
): Result<CatalogEntry, CatalogError> {
  for (const version of new Set([kms, node])) {
    const entry = catalog.releases.find((each) => each.version === version);
    if (entry === undefined) return refuse("catalog-release-unlisted", `The catalog does not list ${version}.`);
    if (entry.withdrawn !== undefined) {
      return refuse("catalog-release-withdrawn", `${version} was withdrawn at ${entry.withdrawn.at}.`);
    }
    if (entry.tested === false) return refuse("catalog-release-untested", `${version} was not tested from end to end.`);
  }
  const entry = catalog.releases.find((each) => each.version === kms);
  if (kms !== node || entry === undefined) {
    return refuse(
      "catalog-versions-differ",
      `The KMS is ${kms} and the node ${node}: a KMS accepts nodes of its own version.`,
    );
  }
  return ok(entry);
}

/**
 * Adds a release to a catalog, in its place. An entry that is there already must say the same.
 *
 * @param map - the release's compatibility map
 * Errors: `catalog-candidate-refused`, `catalog-entry-conflict`.
 */
export function addToCatalog(
  catalog: CompatibilityCatalog,
  map: CompatibilityMap,
  release: { readonly repository: string; readonly isTested: boolean; readonly releaseClass: "stable" | "hotfix" },
): Result<CompatibilityCatalog, CatalogError> {
  const version = parseReleaseVersion(map.tag);
  if (version === null || isReleaseCandidate(version)) {
    return refuse("catalog-candidate-refused", `${map.tag} is no stable version, and the catalog lists no other.`);
  }
  const { kms_policy_sha256: kmsDigest, node_policy_sha256: nodeDigest } = map.compatibility;
  const entry: CatalogEntry = {
    version,
    ...entryShell(version, release.repository),
    ...(kmsDigest === undefined ? {} : { kms_policy_sha256: kmsDigest }),
    ...(nodeDigest === undefined ? {} : { node_policy_sha256: nodeDigest }),
    profiles: PROFILES,
    tested: release.isTested,
    release_class: release.releaseClass,
  };
  const known = catalog.releases.find((each) => each.version === version);
  if (known !== undefined && digestsOf(known) !== digestsOf(entry)) {
    return refuse("catalog-entry-conflict", `The catalog has ${version} with other digests; releases do not change.`);
  }
  const withdrawn = known?.withdrawn === undefined ? {} : { withdrawn: known.withdrawn };
  const others = catalog.releases.filter((each) => each.version !== version);
  const isBefore = (each: CatalogEntry): boolean => {
    const other = parseReleaseVersion(each.version);
    return other !== null && compareVersions(other, version) < 0;
  };
  const at = others.filter(isBefore).length;
  return ok({ ...catalog, releases: [...others.slice(0, at), { ...entry, ...withdrawn }, ...others.slice(at)] });
}

function digestsOf(entry: CatalogEntry): string {
  return `${entry.kms_policy_sha256 ?? ""} ${entry.node_policy_sha256 ?? ""}`;
}

function entryShell(version: ReleaseVersion, repository: string) {
  const [kmsTag, nodeTag] = [releaseTag("kms", version), releaseTag("node", version)];
  return {
    kms_tag: kmsTag,
    node_image_tag: nodeTag,
    kms_policy_url: releaseAssetUrl(repository, kmsTag, ASSET.policyAlias),
    node_policy_url: releaseAssetUrl(repository, nodeTag, ASSET.publishedMrtds),
  };
}

function refuse(code: CatalogCode, message: string): { readonly ok: false; readonly error: CatalogError } {
  return err({ code, message });
}
