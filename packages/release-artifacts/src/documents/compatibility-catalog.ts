import { flag, list, object, optional, type Shape, schemaVersion, text, word } from "./document-shape.ts";
import type { Profile } from "@mero-tee/policy";
import { httpsUrl, profileName, sha256Hex, time, version } from "./release-fields.ts";

/** One stable release of KMS and node. */
export interface CatalogEntry {
  readonly version: string;
  readonly kms_tag: string;
  readonly node_image_tag: string;
  readonly kms_policy_url: string;
  readonly node_policy_url: string;
  readonly kms_policy_sha256?: string;
  readonly node_policy_sha256?: string;
  readonly profiles?: readonly Profile[];
  /** Whether the tests over both releases were green. */
  readonly tested?: boolean;
  readonly release_class?: "stable" | "hotfix";
  readonly withdrawn?: { readonly reason: string; readonly at: string };
}

/**
 * `compatibility-catalog.json`: the stable releases, and which of them belong together.
 *
 * Source: docs/releases.md.
 */
export interface CompatibilityCatalog {
  readonly schema_version: 1;
  readonly releases: readonly CatalogEntry[];
}

/** Shape of {@link CompatibilityCatalog}. */
export const compatibilityCatalog: Shape<CompatibilityCatalog> = object<CompatibilityCatalog>({
  schema_version: schemaVersion,
  releases: list(
    object<CatalogEntry>({
      version,
      kms_tag: text,
      node_image_tag: text,
      kms_policy_url: httpsUrl,
      node_policy_url: httpsUrl,
      kms_policy_sha256: optional(sha256Hex),
      node_policy_sha256: optional(sha256Hex),
      profiles: optional(list(profileName)),
      tested: optional(flag),
      release_class: optional(word(["stable", "hotfix"])),
      withdrawn: optional(object<NonNullable<CatalogEntry["withdrawn"]>>({ reason: text, at: time })),
    }),
  ),
});
