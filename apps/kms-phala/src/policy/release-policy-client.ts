import { ASSET, policyAsset, TAG_PREFIX } from "@mero-tee/release-artifacts";
import { createDocumentPolicySource, type DocumentDemands } from "./document-policy-source.ts";
import type { PolicySource } from "./policy-source.ts";
import { createReleaseDownload, type ReleaseDownloadOptions } from "./release-download-client.ts";

/** Settings of {@link createReleasePolicySource}. */
export interface ReleasePolicyOptions extends ReleaseDownloadOptions {
  /** Without prefix, already parsed: it becomes part of the URL. */
  readonly version: string;
  /** Under which every release has a folder named by its tag; null for GitHub's, of the signer's repository. */
  readonly releasesUrl: string | null;
  readonly demands: DocumentDemands;
}

/**
 * The policy of a release, downloaded: the file of the profile, and only where the release has none (404) the one
 * unprofiled file of old releases. A connection that fails is no 404: whoever can break connections must not be able to
 * choose the older file.
 */
export function createReleasePolicySource(options: ReleasePolicyOptions): PolicySource {
  const { version, demands } = options;
  const releases = options.releasesUrl ?? `https://github.com/${demands.signer.repository}/releases/download`;
  const at = (tagPrefix: string, asset: string): string =>
    `${releases}/${tagPrefix}${encodeURIComponent(version)}/${asset}`;
  return createDocumentPolicySource({
    label: `release ${version}`,
    candidates: [
      { location: at(TAG_PREFIX.kms, policyAsset(demands.profile)), isLegacyFile: false },
      { location: at(TAG_PREFIX.kms, ASSET.policyAlias), isLegacyFile: true },
    ],
    nodeDocument: at(TAG_PREFIX.node, ASSET.publishedMrtds),
    read: createReleaseDownload(options),
    demands,
  });
}
