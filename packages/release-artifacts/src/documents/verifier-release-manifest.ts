import { RELEASE_CLASSES, type ReleaseClass } from "../release-version.ts";
import { list, object, type Shape, schemaVersion, word } from "./document-shape.ts";
import { type ReleaseBinary, releaseBinary } from "./kms-release-manifest.ts";
import { commitSha, runId, sha256Hex, time, version } from "./release-fields.ts";

/**
 * `mero-verifier-release-manifest.json`: what a release of the public verifier consists of, and what it trusts.
 *
 * Source: docs/releases.md.
 */
export interface VerifierReleaseManifest {
  readonly schema_version: 1;
  readonly tag: string;
  readonly release_class: ReleaseClass;
  readonly commit_sha: string;
  readonly workflow_run_id: string;
  readonly workflow_run_attempt: string;
  readonly generated_at: string;
  readonly trust_roots: { readonly intel_sgx_root_sha256: string; readonly sigstore_trusted_root_sha256: string };
  /** The releases that this one was tested with. */
  readonly tested_with: { readonly kms: string; readonly node: string };
  readonly files: readonly ReleaseBinary[];
}

/** Shape of {@link VerifierReleaseManifest}. */
export const verifierReleaseManifest: Shape<VerifierReleaseManifest> = object<VerifierReleaseManifest>({
  schema_version: schemaVersion,
  tag: version,
  release_class: word(RELEASE_CLASSES),
  commit_sha: commitSha,
  workflow_run_id: runId,
  workflow_run_attempt: runId,
  generated_at: time,
  trust_roots: object<VerifierReleaseManifest["trust_roots"]>({
    intel_sgx_root_sha256: sha256Hex,
    sigstore_trusted_root_sha256: sha256Hex,
  }),
  tested_with: object<VerifierReleaseManifest["tested_with"]>({ kms: version, node: version }),
  files: list(releaseBinary),
});
