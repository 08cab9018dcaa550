import { ok, type Result } from "@mero-tee/tdx-quote/result";

import { ASSET, CHECKSUMS_ASSET } from "../asset-names.ts";
import type { DocumentProblem } from "../documents/document-problem.ts";
import { type AssembledFiles, checksumsOver, type GivenAsset, type ReleaseOrigin, writeDocument } from "./assembly.ts";

/** What a verifier release is assembled from. */
export interface VerifierAssembly extends ReleaseOrigin {
  readonly trustRoots: { readonly intelSgxRootSha256: string; readonly sigstoreTrustedRootSha256: string };
  /** Versions of the releases that it was tested with. */
  readonly testedWith: { readonly kms: string; readonly node: string };
  /** Bundles, page, tarballs and the SBOM. */
  readonly given: readonly GivenAsset[];
}

/**
 * Assembles the manifest and the checksums of a verifier release.
 *
 * Errors: values that the manifest may not hold.
 * Source: docs/releases.md.
 */
export function assembleVerifier(assembly: VerifierAssembly): Result<AssembledFiles, readonly DocumentProblem[]> {
  const { trustRoots, testedWith, given } = assembly;
  const shipped = given.filter(({ name }) => /\.(?:tar\.gz|tgz)$/.test(name));
  const manifest = writeDocument(ASSET.verifierManifest, "verifierReleaseManifest", {
    schema_version: 1,
    tag: assembly.version,
    release_class: assembly.releaseClass,
    commit_sha: assembly.commit,
    workflow_run_id: assembly.runId,
    workflow_run_attempt: assembly.runAttempt,
    generated_at: assembly.generatedAt,
    trust_roots: {
      intel_sgx_root_sha256: trustRoots.intelSgxRootSha256,
      sigstore_trusted_root_sha256: trustRoots.sigstoreTrustedRootSha256,
    },
    tested_with: testedWith,
    files: shipped.map(({ name, sha256 }) => ({ file: name, sha256 })),
  });
  if (!manifest.ok) return manifest;
  const files = new Map([[ASSET.verifierManifest as string, manifest.value.text]]);
  files.set(CHECKSUMS_ASSET.verifier, checksumsOver(given, files));
  return ok(files);
}
