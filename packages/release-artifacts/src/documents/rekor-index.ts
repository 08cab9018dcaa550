import { list, object, type Shape, schemaVersion, text } from "./document-shape.ts";
import { httpsUrl, imageDigest, runId, time, version } from "./release-fields.ts";

/** Where the signing of one asset stands in the transparency log. */
export interface RekorEntry {
  readonly asset: string;
  readonly bundle_asset: string;
  /** `sha256:` and the digest of the asset. */
  readonly hash: string;
  readonly sigstore_search_url: string;
  /** Decimal. */
  readonly log_index: string;
  /** Unix seconds, decimal. */
  readonly integrated_time: string;
  readonly log_id: string;
}

/**
 * `kms-phala-rekor-index.json` and its siblings: where to find the signatures of a release in the log.
 *
 * Source: docs/releases.md.
 */
export interface RekorIndex {
  readonly schema_version: 1;
  readonly tag: string;
  readonly workflow_run_id: string;
  readonly workflow_run_attempt: string;
  readonly generated_at: string;
  readonly entries: readonly RekorEntry[];
}

/** Shape of {@link RekorIndex}. */
export const rekorIndex: Shape<RekorIndex> = object<RekorIndex>({
  schema_version: schemaVersion,
  tag: version,
  workflow_run_id: runId,
  workflow_run_attempt: runId,
  generated_at: time,
  entries: list(
    object<RekorEntry>({
      asset: text,
      bundle_asset: text,
      hash: imageDigest,
      sigstore_search_url: httpsUrl,
      log_index: runId,
      integrated_time: runId,
      log_id: text,
    }),
  ),
});
