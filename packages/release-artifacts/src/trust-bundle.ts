import { PROFILES } from "@mero-tee/policy";

import { ASSET, CHECKSUMS_ASSET, policyAsset } from "./asset-names.ts";
import { checksumsText, type Checksum } from "./checksums.ts";

/** The table of contents inside the trust bundle: the members' digests, in the form of a checksum file. */
export const TRUST_BUNDLE_MANIFEST = "MANIFEST.txt";

/**
 * What the trust bundle of a KMS release holds, for operators without a network.
 *
 * Source: docs/releases.md.
 */
export const TRUST_BUNDLE_MEMBERS: readonly string[] = [
  CHECKSUMS_ASSET.kms,
  ASSET.kmsManifest,
  ASSET.policyAlias,
  ...PROFILES.map(policyAsset),
  ASSET.compatibilityMap,
  ASSET.containerMetadata,
  ASSET.publishedMrtds,
];

/** The text of {@link TRUST_BUNDLE_MANIFEST} for these members. */
export function trustBundleManifest(members: readonly Checksum[]): string {
  return checksumsText(members);
}
