import {
  checkCatalog,
  checkCatalogChange,
  type CompatibilityCatalog,
  describeReleaseError,
  DOCUMENT_SHAPES,
  parseDocument,
  type RuleResult,
} from "@mero-tee/release-artifacts";

import { CATALOG_FILE } from "../release-flags.ts";
import type { Repository } from "./repository-client.ts";

/**
 * Judges the catalog of the repository, and with a commit before a change also what became of its entries.
 *
 * @param publisher - `OWNER/NAME` that the entries belong to
 */
export async function catalogResult(
  repository: Repository,
  publisher: string,
  base: string | undefined,
): Promise<RuleResult> {
  const text = await repository.read(CATALOG_FILE);
  if (text === null) return result("fail", `there is no ${CATALOG_FILE}`);
  const after = parseCatalog(text);
  if (typeof after === "string") return result("fail", after);
  const consistent = checkCatalog(after, publisher);
  if (!consistent.ok) return result("fail", consistent.error.message);
  const old = base === undefined ? null : await repository.readAt(base, CATALOG_FILE);
  const before = old === null ? null : parseCatalog(old);
  // A catalog that was unreadable before the change has nothing that could be kept.
  if (before === null || typeof before === "string") return result("pass", "the catalog is consistent");
  const kept = checkCatalogChange(before, after);
  return kept.ok
    ? result("pass", "the catalog is consistent, and keeps every entry")
    : result("fail", kept.error.message);
}

function result(status: RuleResult["status"], message: string): RuleResult {
  return { id: "catalog", status, message, files: [CATALOG_FILE], isBlocked: false };
}

/** The catalog, or what is wrong with it. */
function parseCatalog(text: string): CompatibilityCatalog | string {
  const read = parseDocument(CATALOG_FILE, new TextEncoder().encode(text), DOCUMENT_SHAPES.compatibilityCatalog);
  return read.ok ? read.value.value : read.error.map(describeReleaseError).join(" ");
}
