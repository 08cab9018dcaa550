import { PROFILES, type Profile } from "@mero-tee/policy";

import type { ReleaseLane } from "./lane.ts";

/** What is put behind the name of an asset to name a signature over it. Source: docs/releases.md. */
export const SIDECAR_SUFFIXES = [".sigstore.json", ".bundle.json", ".sig", ".pem"] as const;

/** One of {@link SIDECAR_SUFFIXES}. */
export type SidecarSuffix = (typeof SIDECAR_SUFFIXES)[number];

/** How an asset is read. */
export type AssetForm = "document" | "sbom" | "checksums" | "archive" | "page";

/** The names of assets that rules speak of. Source: docs/releases.md. */
export const ASSET = {
  policyAlias: "kms-phala-attestation-policy.json",
  compatibilityMap: "kms-phala-compatibility-map.json",
  kmsManifest: "kms-phala-release-manifest.json",
  containerMetadata: "kms-phala-container-metadata.json",
  containerSbom: "kms-phala-container-sbom.spdx.json",
  binariesSbom: "kms-phala-binaries-sbom.spdx.json",
  trustBundle: "kms-phala-trust-bundle.tar.gz",
  publishedMrtds: "published-mrtds.json",
  releaseProvenance: "release-provenance.json",
  nodeSbom: "node-image-gcp-release-sbom.spdx.json",
  verifierManifest: "mero-verifier-release-manifest.json",
  verifierSbom: "mero-verifier-sbom.spdx.json",
} as const;

/** The checksum file of each lane. */
export const CHECKSUMS_ASSET: Readonly<Record<ReleaseLane, string>> = {
  kms: "kms-phala-checksums.txt",
  node: "node-image-gcp-checksums.txt",
  verifier: "mero-verifier-checksums.txt",
};

/** The transparency log index of each lane. */
export const REKOR_INDEX_ASSET: Readonly<Record<ReleaseLane, string>> = {
  kms: "kms-phala-rekor-index.json",
  node: "node-image-gcp-rekor-index.json",
  verifier: "mero-verifier-rekor-index.json",
};

/** The policy file of one profile. */
export function policyAsset(profile: Profile): string {
  return `kms-phala-attestation-policy.${profile}.json`;
}

/** The probe results of one node profile, as a release publishes them. */
export function nodeProbeAssets(profile: Profile): {
  readonly mrtd: string;
  readonly provenance: string;
  readonly candidates: string;
} {
  return {
    mrtd: `mrtd-${profile}.json`,
    provenance: `profile-provenance-${profile}.json`,
    candidates: `measurement-policy-candidates-${profile}.json`,
  };
}

/** Assets without which a release of a lane is not one. */
export const REQUIRED_ASSETS: Readonly<Record<ReleaseLane, readonly string[]>> = {
  kms: [
    CHECKSUMS_ASSET.kms,
    ASSET.kmsManifest,
    ASSET.policyAlias,
    ASSET.compatibilityMap,
    ASSET.containerMetadata,
    ASSET.containerSbom,
    ASSET.binariesSbom,
  ],
  node: [ASSET.publishedMrtds, ASSET.releaseProvenance, ASSET.nodeSbom, CHECKSUMS_ASSET.node],
  verifier: [CHECKSUMS_ASSET.verifier, ASSET.verifierManifest, ASSET.verifierSbom],
};

/** Longest asset of each form, in bytes. Source: docs/releases.md, rule AS-07. */
export const ASSET_LIMIT_BYTES: Readonly<Record<AssetForm, number>> = {
  document: 5 * 1024 * 1024,
  checksums: 5 * 1024 * 1024,
  sbom: 64 * 1024 * 1024,
  page: 64 * 1024 * 1024,
  archive: 512 * 1024 * 1024,
};

const KNOWN: Readonly<Record<ReleaseLane, ReadonlyMap<string, AssetForm>>> = {
  kms: new Map<string, AssetForm>([
    [CHECKSUMS_ASSET.kms, "checksums"],
    [REKOR_INDEX_ASSET.kms, "document"],
    [ASSET.policyAlias, "document"],
    [ASSET.compatibilityMap, "document"],
    [ASSET.kmsManifest, "document"],
    [ASSET.containerMetadata, "document"],
    [ASSET.containerSbom, "sbom"],
    [ASSET.binariesSbom, "sbom"],
    [ASSET.trustBundle, "archive"],
    ...PROFILES.map((profile): [string, AssetForm] => [policyAsset(profile), "document"]),
  ]),
  node: new Map<string, AssetForm>([
    [CHECKSUMS_ASSET.node, "checksums"],
    [REKOR_INDEX_ASSET.node, "document"],
    [ASSET.publishedMrtds, "document"],
    [ASSET.releaseProvenance, "document"],
    [ASSET.nodeSbom, "sbom"],
    ...PROFILES.flatMap((profile): [string, AssetForm][] => [
      [`node-image-gcp-rootfs-sbom.${profile}.spdx.json`, "sbom"],
      [`conformance-${profile}.json`, "document"],
      ...Object.values(nodeProbeAssets(profile)).map((name): [string, AssetForm] => [name, "document"]),
    ]),
  ]),
  verifier: new Map<string, AssetForm>([
    [CHECKSUMS_ASSET.verifier, "checksums"],
    [REKOR_INDEX_ASSET.verifier, "document"],
    [ASSET.verifierManifest, "document"],
    [ASSET.verifierSbom, "sbom"],
    ["mero-verifier-web.tar.gz", "archive"],
    ["mero-verifier-api.tar.gz", "archive"],
    ["verifier-offline.html", "page"],
  ]),
};

const ARCHIVES: Readonly<Record<ReleaseLane, RegExp | null>> = {
  kms: /^mero-kms-phala_[A-Za-z0-9][A-Za-z0-9._-]*\.tar\.gz$/,
  node: null,
  verifier: /^[a-z0-9][a-z0-9._-]*\.tgz$/,
};

/** How an asset of a lane is read; null for a name that no release of the lane has. */
export function assetForm(lane: ReleaseLane, name: string): AssetForm | null {
  return KNOWN[lane].get(name) ?? (ARCHIVES[lane]?.test(name) === true ? "archive" : null);
}

/** The asset that a sidecar belongs to; null for a name that is no sidecar's. */
export function sidecarOf(name: string): { readonly asset: string; readonly suffix: SidecarSuffix } | null {
  const suffix = SIDECAR_SUFFIXES.find((each) => name.endsWith(each) && name.length > each.length);
  return suffix === undefined ? null : { asset: name.slice(0, -suffix.length), suffix };
}

/** Whether a name can be that of an asset: nothing that a file system or a shell could read otherwise. */
export function isAssetName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name);
}

/**
 * Whether a checksum file lists an asset: all but itself, the log index, the trust bundle and sidecars.
 *
 * Source: docs/releases.md.
 */
export function isChecksummed(lane: ReleaseLane, name: string): boolean {
  const others: readonly string[] = [CHECKSUMS_ASSET[lane], REKOR_INDEX_ASSET[lane], ASSET.trustBundle];
  return !others.includes(name) && sidecarOf(name) === null;
}
