import { type Profile, PROFILES } from "@mero-tee/policy";
import { parseRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";
import { ok, type Result } from "@mero-tee/tdx-quote/result";

import { ASSET, CHECKSUMS_ASSET, policyAsset, REKOR_INDEX_ASSET } from "../asset-names.ts";
import type { AppIdentity } from "../documents/app-identity.ts";
import type { AttestationPolicyDocument } from "../documents/attestation-policy.ts";
import type { DocumentProblem } from "../documents/document-problem.ts";
import type { MeasurementCandidates } from "../documents/measurement-candidates.ts";
import type { PublishedMrtds } from "../documents/published-mrtds.ts";
import type { PerProfile } from "../documents/release-fields.ts";
import { releaseAssetUrl } from "../release-url.ts";
import { releaseTag } from "../release-version.ts";
import { TRUST_BUNDLE_MANIFEST, TRUST_BUNDLE_MEMBERS, trustBundleManifest } from "../trust-bundle.ts";
import { type ArchiveEntry, writeArchive } from "../write-archive.ts";
import { assemblePolicy, REGISTRY_ENTRY, REPORT_DATA_LAYOUT } from "./assemble-policy.ts";
import {
  type AssembledFiles,
  checksumsOver,
  digestOfText,
  type GivenAsset,
  purposesOf,
  type ReleaseOrigin,
  stamp,
  writeDocument,
  type WrittenDocument,
} from "./assembly.ts";

/** What a KMS release is assembled from. */
export interface KmsAssembly extends ReleaseOrigin {
  /** Of a hotfix: the release that it patches, and why. */
  readonly hotfix?: { readonly baseTag: string; readonly incident: string };
  readonly image: string;
  readonly imageDigests: PerProfile<string>;
  /** `published-mrtds.json` of the node release, as published. */
  readonly nodeRelease: { readonly document: PublishedMrtds; readonly text: string };
  readonly candidates: PerProfile<MeasurementCandidates>;
  /** What the probes proved; a profile without makes a policy that is not ready. */
  readonly identities: Partial<PerProfile<AppIdentity>>;
  /** The key service that the KMS must run under. */
  readonly keyProvider?: { readonly name: string; readonly id: string };
  /** Archives and SBOMs. */
  readonly given: readonly GivenAsset[];
}

/**
 * Assembles the documents of a KMS release from what its probes saw and what the node release publishes: policies, map,
 * metadata, manifest and checksums. The same arguments give the same bytes.
 *
 * Errors: values that no document of a release may hold, by the file that they would have been in.
 * Source: docs/releases.md.
 */
export function assembleKms(assembly: KmsAssembly): Result<AssembledFiles, readonly DocumentProblem[]> {
  const files = new Map<string, string>();
  const policies = new Map<Profile, WrittenDocument>();
  for (const profile of PROFILES) {
    const file = policyAsset(profile);
    const written = writeDocument(file, "attestationPolicy", policyOf(assembly, profile));
    if (!written.ok) return written;
    policies.set(profile, written.value);
    files.set(file, written.value.text);
  }
  files.set(ASSET.policyAlias, policies.get("locked-read-only")?.text ?? "");

  const digestOf = (profile: Profile): string => policies.get(profile)?.sha256 ?? "";
  const map = writeDocument(ASSET.compatibilityMap, "compatibilityMap", mapOf(assembly, digestOf));
  if (!map.ok) return map;
  files.set(ASSET.compatibilityMap, map.value.text);
  const metadata = writeDocument(ASSET.containerMetadata, "containerMetadata", {
    schema_version: 1,
    ...stamp(assembly),
    container: containerOf(assembly),
    container_profile_digests: assembly.imageDigests,
    compatibility_map_asset: ASSET.compatibilityMap,
  });
  if (!metadata.ok) return metadata;
  files.set(ASSET.containerMetadata, metadata.value.text);

  const manifest = writeDocument(ASSET.kmsManifest, "kmsReleaseManifest", manifestOf(assembly, [...files.keys()]));
  if (!manifest.ok) return manifest;
  files.set(ASSET.kmsManifest, manifest.value.text);
  files.set(CHECKSUMS_ASSET.kms, checksumsOver(assembly.given, files));
  return ok(files);
}

/**
 * Packs the trust bundle over assembled files: what an operator without a network needs to judge a deployment.
 */
export async function assembleTrustBundle(assembly: KmsAssembly, files: AssembledFiles): Promise<Uint8Array> {
  const withNode = new Map(files).set(ASSET.publishedMrtds, assembly.nodeRelease.text);
  const members = TRUST_BUNDLE_MEMBERS.flatMap((name) => {
    const text = withNode.get(name);
    return text === undefined ? [] : [{ name, text }];
  });
  const sums = members.map(({ name, text }) => ({ name, sha256: digestOfText(text) }));
  return await writeArchive(
    [entry(TRUST_BUNDLE_MANIFEST, trustBundleManifest(sums)), ...members.map(({ name, text }) => entry(name, text))],
    parseRfc3339Utc(assembly.generatedAt) ?? 0,
  );
}

function entry(name: string, text: string): ArchiveEntry {
  return { name, content: new TextEncoder().encode(text) };
}

function policyOf(assembly: KmsAssembly, profile: Profile): AttestationPolicyDocument {
  const { candidates, identities, keyProvider } = assembly;
  const identity = identities[profile];
  return assemblePolicy({
    ...assembly,
    profile,
    candidates: candidates[profile],
    ...(identity === undefined ? {} : { identity }),
    ...(keyProvider === undefined ? {} : { keyProvider }),
  });
}

function containerOf({ image, imageDigests, version }: KmsAssembly) {
  const tags = [...PROFILES.map((profile) => `${image}:${version}-${profile}`), `${image}:${version}`];
  return { image, digest: imageDigests["locked-read-only"], tags };
}

function mapOf(assembly: KmsAssembly, policyDigest: (profile: Profile) => string) {
  const { version, repository, imageDigests, identities, nodeRelease } = assembly;
  const kmsTag = releaseTag("kms", version);
  const nodeUrl = releaseAssetUrl(repository, releaseTag("node", version), ASSET.publishedMrtds);
  const one = (profile: Profile) => ({
    kms_image_tag: `${version}-${profile}`,
    kms_image_digest: imageDigests[profile],
    event_payload: identities[profile]?.compose_hash ?? "",
    kms_role: "kms",
    kms_policy_asset: policyAsset(profile),
    kms_policy_url: releaseAssetUrl(repository, kmsTag, policyAsset(profile)),
    kms_policy_sha256: policyDigest(profile),
    node_role: "node",
    node_profile: profile,
    node_policy_url: nodeUrl,
  });
  return {
    schema_version: 1,
    ...stamp(assembly),
    compatibility: {
      version,
      roles: { kms: "kms", node: "node" },
      kms_tag: kmsTag,
      kms_policy_source_tag: kmsTag,
      node_image_tag: releaseTag("node", version),
      kms_policy_url: releaseAssetUrl(repository, kmsTag, ASSET.policyAlias),
      kms_policy_sha256: policyDigest("locked-read-only"),
      node_policy_url: nodeUrl,
      node_policy_sha256: digestOfText(nodeRelease.text),
      profiles: {
        debug: one("debug"),
        "debug-read-only": one("debug-read-only"),
        "locked-read-only": one("locked-read-only"),
      },
    },
  } as const;
}

function manifestOf(assembly: KmsAssembly, written: readonly string[]) {
  const { given, hotfix, releaseClass, imageDigests } = assembly;
  const names = [
    ...written,
    ...given.map(({ name }) => name),
    ASSET.kmsManifest,
    ASSET.trustBundle,
    CHECKSUMS_ASSET.kms,
    REKOR_INDEX_ASSET.kms,
  ];
  const { tag, ...rest } = stamp(assembly);
  return {
    schema_version: 1,
    tag,
    release_class: releaseClass,
    ...(hotfix === undefined ? {} : { base_tag: hotfix.baseTag, incident: hotfix.incident }),
    ...rest,
    binaries: given
      .filter(({ name }) => name.endsWith(".tar.gz"))
      .map(({ name, sha256: digest }) => ({ file: name, sha256: digest })),
    container: containerOf(assembly),
    container_profile_digests: imageDigests,
    verification: {
      kms_attest_endpoint: "/attest",
      report_data_layout: REPORT_DATA_LAYOUT,
      policy_registry_entry_path: REGISTRY_ENTRY,
      attestation_policy_asset: ASSET.policyAlias,
      policy_profile_assets: {
        debug: policyAsset("debug"),
        "debug-read-only": policyAsset("debug-read-only"),
        "locked-read-only": policyAsset("locked-read-only"),
      },
      container_metadata_asset: ASSET.containerMetadata,
      compatibility_map_asset: ASSET.compatibilityMap,
      rekor: { index_asset: REKOR_INDEX_ASSET.kms },
    },
    asset_purposes: purposesOf(names),
  } as const;
}
