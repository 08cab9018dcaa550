import { DOCUMENT_SHAPES, parseDocument } from "@mero-tee/release-artifacts";

/** As the document is called in a release's repository. */
const CATALOG = "compatibility-catalog.json";

/**
 * Why releases were withdrawn, by tag. Whoever keeps a catalog back, or changes it, keeps a warning back or adds one, and can
 * make nothing look better; one that cannot be read names none.
 *
 * @param catalog - bytes of a compatibility catalog
 */
export function withdrawnReleases(catalog: Uint8Array): ReadonlyMap<string, string> {
  const parsed = parseDocument(CATALOG, catalog, DOCUMENT_SHAPES.compatibilityCatalog);
  const entries = parsed.ok ? parsed.value.value.releases : [];
  return new Map(
    entries.flatMap(({ kms_tag: kms, node_image_tag: node, withdrawn }) =>
      withdrawn === undefined ? [] : [kms, node].map((tag) => [tag, withdrawn.reason] as const),
    ),
  );
}
