import { object, optional, type Shape, schemaVersion, text } from "./document-shape.ts";
import {
  commitSha,
  eventPayload,
  httpsUrl,
  imageDigest,
  type PerProfile,
  perProfile,
  runId,
  sha256Hex,
  time,
  version,
} from "./release-fields.ts";

/** What belongs together for one profile. */
interface CompatibleProfile {
  readonly kms_image_tag: string;
  readonly kms_image_digest: string;
  readonly event_payload: string;
  readonly kms_role: string;
  readonly kms_policy_asset: string;
  readonly kms_policy_url: string;
  readonly kms_policy_sha256?: string;
  readonly node_role: string;
  readonly node_profile: string;
  readonly node_policy_url: string;
}

/**
 * `kms-phala-compatibility-map.json`: which KMS image, policy and node release belong together.
 *
 * Source: docs/releases.md.
 */
export interface CompatibilityMap {
  readonly schema_version: 1;
  readonly tag: string;
  readonly commit_sha?: string;
  readonly workflow_run_id?: string;
  readonly workflow_run_attempt?: string;
  readonly generated_at: string;
  readonly compatibility: {
    readonly version: string;
    readonly roles: { readonly kms: string; readonly node: string };
    readonly kms_tag: string;
    readonly kms_policy_source_tag: string;
    readonly node_image_tag: string;
    readonly kms_policy_url: string;
    /** Of the policy file without a profile in its name. */
    readonly kms_policy_sha256?: string;
    readonly node_policy_url: string;
    readonly node_policy_sha256?: string;
    readonly profiles: PerProfile<CompatibleProfile>;
  };
}

/** Shape of {@link CompatibilityMap}. */
export const compatibilityMap: Shape<CompatibilityMap> = object<CompatibilityMap>({
  schema_version: schemaVersion,
  tag: version,
  commit_sha: optional(commitSha),
  workflow_run_id: optional(runId),
  workflow_run_attempt: optional(runId),
  generated_at: time,
  compatibility: object<CompatibilityMap["compatibility"]>({
    version,
    roles: object<CompatibilityMap["compatibility"]["roles"]>({ kms: text, node: text }),
    kms_tag: text,
    kms_policy_source_tag: text,
    node_image_tag: text,
    kms_policy_url: httpsUrl,
    kms_policy_sha256: optional(sha256Hex),
    node_policy_url: httpsUrl,
    node_policy_sha256: optional(sha256Hex),
    profiles: perProfile(
      object<CompatibleProfile>({
        kms_image_tag: text,
        kms_image_digest: imageDigest,
        event_payload: eventPayload,
        kms_role: text,
        kms_policy_asset: text,
        kms_policy_url: httpsUrl,
        kms_policy_sha256: optional(sha256Hex),
        node_role: text,
        node_profile: text,
        node_policy_url: httpsUrl,
      }),
    ),
  }),
});
