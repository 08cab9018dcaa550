import { object, type Shape, schemaVersion, text } from "./document-shape.ts";
import { assetPurposes, type AssetPurposes } from "./asset-purposes.ts";
import { type ProfileProvenance, profileProvenance } from "./profile-provenance.ts";
import { type PublishedMrtds, publishedMrtds } from "./published-mrtds.ts";
import { commitSha, httpsUrl, type PerProfile, perProfile, runId, time, version } from "./release-fields.ts";

/**
 * `release-provenance.json`: how a node release came to be, with the measurements that it publishes.
 *
 * Source: docs/releases.md.
 */
export interface ReleaseProvenance {
  readonly schema_version: 1;
  readonly role: string;
  readonly tag: string;
  readonly commit_sha: string;
  readonly workflow_run_id: string;
  readonly workflow_run_attempt: string;
  readonly generated_at: string;
  readonly compatibility: {
    readonly version: string;
    readonly kms_tag: string;
    readonly node_image_tag: string;
    readonly kms_policy_url: string;
    readonly node_policy_url: string;
  };
  readonly profiles: PerProfile<ProfileProvenance>;
  readonly mrtds: PublishedMrtds;
  readonly measurement_policy: PublishedMrtds;
  readonly asset_purposes: AssetPurposes;
}

/** Shape of {@link ReleaseProvenance}. */
export const releaseProvenance: Shape<ReleaseProvenance> = object<ReleaseProvenance>({
  schema_version: schemaVersion,
  role: text,
  tag: version,
  commit_sha: commitSha,
  workflow_run_id: runId,
  workflow_run_attempt: runId,
  generated_at: time,
  compatibility: object<ReleaseProvenance["compatibility"]>({
    version,
    kms_tag: text,
    node_image_tag: text,
    kms_policy_url: httpsUrl,
    node_policy_url: httpsUrl,
  }),
  profiles: perProfile(profileProvenance),
  mrtds: publishedMrtds,
  measurement_policy: publishedMrtds,
  asset_purposes: assetPurposes,
});
