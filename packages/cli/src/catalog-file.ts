import { checkCatalog, type CompatibilityCatalog } from "@mero-tee/release-artifacts";
import { err, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "./cli-failure.ts";
import type { Ports } from "./context.ts";
import { refusalOfCli, refusalOfRelease, type Refusal } from "./failure-view.ts";
import { loadReleaseFile, type ReleaseFile } from "./release-file.ts";
import { CATALOG_FILE } from "./release-flags.ts";
import { repositorySetting } from "./repository-setting.ts";

/** What a command line says about the catalog. */
export interface CatalogFlags {
  readonly catalog?: string;
  readonly repo?: string;
}

/**
 * The compatibility catalog, consistent in itself: the one that was named, else the repository's, which only a checkout has.
 *
 * Errors: those of the file and the document, `usage-invalid`, `catalog-inconsistent`.
 */
export async function loadCatalog(
  ports: Ports,
  flags: CatalogFlags,
): Promise<Result<ReleaseFile<CompatibilityCatalog>, Refusal>> {
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return err(refusalOfCli(setting.error));
  const catalog = await loadReleaseFile(ports.files, flags.catalog ?? CATALOG_FILE, "compatibilityCatalog");
  if (!catalog.ok) {
    const isElsewhere = flags.catalog === undefined && catalog.error.view.code === "file-missing";
    const hint = `There is no ${CATALOG_FILE} here; it is a file of the repository. Give --catalog, or run this in a checkout.`;
    return isElsewhere ? err(refusalOfCli(cliFailure("file-missing", hint))) : catalog;
  }
  const consistent = checkCatalog(catalog.value.value, setting.value.repository);
  return consistent.ok ? catalog : err(refusalOfRelease(consistent.error));
}
