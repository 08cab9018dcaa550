import { list, object, optional, type Shape, schemaVersion, text } from "./document-shape.ts";
import { commitSha, imageDigest, type PerProfile, perProfile, runId, time, version } from "./release-fields.ts";

/** The container of a release: its digest is that of the locked profile. */
export interface ReleaseContainer {
  readonly image: string;
  readonly digest: string;
  readonly tags: readonly string[];
}

/**
 * `kms-phala-container-metadata.json`: the images of a KMS release.
 *
 * Source: docs/releases.md.
 */
export interface ContainerMetadata {
  readonly schema_version: 1;
  readonly tag: string;
  readonly commit_sha: string;
  readonly workflow_run_id?: string;
  readonly workflow_run_attempt?: string;
  readonly generated_at: string;
  readonly container: ReleaseContainer;
  readonly container_profile_digests: PerProfile<string>;
  readonly compatibility_map_asset?: string;
}

/** Shape of {@link ReleaseContainer}. */
export const releaseContainer: Shape<ReleaseContainer> = object<ReleaseContainer>({
  image: text,
  digest: imageDigest,
  tags: list(text),
});

/** Shape of {@link ContainerMetadata}. */
export const containerMetadata: Shape<ContainerMetadata> = object<ContainerMetadata>({
  schema_version: schemaVersion,
  tag: version,
  commit_sha: commitSha,
  workflow_run_id: optional(runId),
  workflow_run_attempt: optional(runId),
  generated_at: time,
  container: releaseContainer,
  container_profile_digests: perProfile(imageDigest),
  compatibility_map_asset: optional(text),
});
