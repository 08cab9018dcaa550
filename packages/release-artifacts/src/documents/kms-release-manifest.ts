import { RELEASE_CLASSES, type ReleaseClass } from "../release-version.ts";
import { assetPurposes, type AssetPurposes } from "./asset-purposes.ts";
import { type ReportDataLayout, reportDataLayout } from "./attestation-policy.ts";
import { type ReleaseContainer, releaseContainer } from "./container-metadata.ts";
import { list, object, optional, type Shape, schemaVersion, text, word } from "./document-shape.ts";
import {
  commitSha,
  imageDigest,
  type PerProfile,
  perProfile,
  runId,
  sha256Hex,
  time,
  version,
} from "./release-fields.ts";

/** An archive that a release carries. */
export interface ReleaseBinary {
  readonly file: string;
  readonly sha256: string;
}

/**
 * `kms-phala-release-manifest.json`: what a KMS release consists of, and how to verify it.
 *
 * Source: docs/releases.md.
 */
export interface KmsReleaseManifest {
  readonly schema_version?: 1;
  readonly tag: string;
  readonly release_class?: ReleaseClass;
  /** Of a hotfix: the release that it patches. */
  readonly base_tag?: string;
  /** Of a hotfix: the incident or CVE that it answers. */
  readonly incident?: string;
  readonly commit_sha: string;
  readonly workflow_run_id: string;
  readonly workflow_run_attempt: string;
  readonly generated_at: string;
  readonly binaries: readonly ReleaseBinary[];
  readonly container: ReleaseContainer;
  readonly container_profile_digests: PerProfile<string>;
  readonly verification: {
    readonly kms_attest_endpoint: string;
    readonly report_data_layout: ReportDataLayout;
    readonly policy_registry_entry_path?: string;
    readonly attestation_policy_asset: string;
    readonly policy_profile_assets: PerProfile<string>;
    readonly container_metadata_asset: string;
    readonly compatibility_map_asset?: string;
    readonly rekor?: { readonly index_asset: string };
  };
  readonly asset_purposes: AssetPurposes;
}

/** Shape of {@link ReleaseBinary}. */
export const releaseBinary: Shape<ReleaseBinary> = object<ReleaseBinary>({ file: text, sha256: sha256Hex });

/** Shape of {@link KmsReleaseManifest}. */
export const kmsReleaseManifest: Shape<KmsReleaseManifest> = object<KmsReleaseManifest>({
  schema_version: optional(schemaVersion),
  tag: version,
  release_class: optional(word(RELEASE_CLASSES)),
  base_tag: optional(version),
  incident: optional(text),
  commit_sha: commitSha,
  workflow_run_id: runId,
  workflow_run_attempt: runId,
  generated_at: time,
  binaries: list(releaseBinary),
  container: releaseContainer,
  container_profile_digests: perProfile(imageDigest),
  verification: object<KmsReleaseManifest["verification"]>({
    kms_attest_endpoint: text,
    report_data_layout: reportDataLayout,
    policy_registry_entry_path: optional(text),
    attestation_policy_asset: text,
    policy_profile_assets: perProfile(text),
    container_metadata_asset: text,
    compatibility_map_asset: optional(text),
    rekor: optional(object<{ readonly index_asset: string }>({ index_asset: text })),
  }),
  asset_purposes: assetPurposes,
});
