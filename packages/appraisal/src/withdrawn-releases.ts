import { DOCUMENT_SHAPES, parseDocument } from "@mero-tee/release-artifacts";

/** As the document is called in a release's repository. */
const CATALOG = "compatibility-catalog.json";

/** What the source of releases is called where no catalog came with them, so that nobody can say which were withdrawn. */
export const WITHOUT_CATALOG = ", without the catalog that names the withdrawn ones";

/**
 * Why releases were withdrawn, by tag. Whoever keeps a catalog back, or changes it, keeps a warning back or adds one, and can
 * make nothing look better.
 *
 * @param catalog - bytes of a compatibility catalog
 * @returns null where they are none
 */
export function withdrawnReleases(catalog: Uint8Array): ReadonlyMap<string, string> | null {
  const parsed = parseDocument(CATALOG, catalog, DOCUMENT_SHAPES.compatibilityCatalog);
  if (!parsed.ok) return null;
  return new Map(
    parsed.value.value.releases.flatMap(({ kms_tag: kms, node_image_tag: node, withdrawn }) =>
      withdrawn === undefined ? [] : [kms, node].map((tag) => [tag, withdrawn.reason] as const),
    ),
  );
}
