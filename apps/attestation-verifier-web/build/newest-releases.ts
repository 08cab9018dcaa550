import { DOCUMENT_SHAPES, parseDocument } from "@mero-tee/release-artifacts";

/**
 * The newest release of each family in a compatibility catalog; one that was withdrawn is none.
 *
 * @param catalog - text of `compatibility-catalog.json`, whose releases stand in ascending order
 * @throws where the catalog cannot be read: a page that is built without it would know of no release
 */
export function newestReleases(catalog: string): { readonly kms: string | null; readonly node: string | null } {
  const parsed = parseDocument("compatibility-catalog.json", catalog, DOCUMENT_SHAPES.compatibilityCatalog);
  if (!parsed.ok) throw new Error("compatibility-catalog.json cannot be read");
  const newest = parsed.value.value.releases.findLast(({ withdrawn }) => withdrawn === undefined);
  return { kms: newest?.kms_tag ?? null, node: newest?.node_image_tag ?? null };
}
