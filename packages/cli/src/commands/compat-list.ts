import { buildCommand, type Command } from "@stricli/core";
import type { CatalogEntry } from "@mero-tee/release-artifacts";

import { loadCatalog } from "../catalog-file.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import type { Paint } from "../paint.ts";
import { CATALOG_FLAG, REPO_FLAG } from "../release-flags.ts";
import { type Cell, cell, grid } from "../table.ts";

interface ListFlags extends CommonFlags {
  readonly catalog?: string;
  readonly repo?: string;
}

async function list(ports: Ports, flags: ListFlags): Promise<Report> {
  const catalog = await loadCatalog(ports, flags);
  if (!catalog.ok) return reportRefusal(catalog.error, { releases: [] });
  const { releases } = catalog.value.value;
  return reportSuccess({ releases }, (paint) =>
    releases.length === 0
      ? "no release is listed yet\n"
      : grid(
          ["version", "KMS", "node image", "class", "state"],
          releases.map((entry) => [
            cell(entry.version),
            cell(entry.kms_tag),
            cell(entry.node_image_tag),
            cell(entry.release_class ?? "stable"),
            stateOf(entry, paint),
          ]),
        ),
  );
}

function stateOf({ withdrawn, tested }: CatalogEntry, paint: Paint): Cell {
  if (withdrawn !== undefined) {
    const plain = `withdrawn ${withdrawn.at}: ${withdrawn.reason}`;
    return { plain, styled: paint.bad(plain) };
  }
  return tested === false ? { plain: "not tested", styled: paint.warn("not tested") } : cell("tested");
}

/** `mero-tee compat list`: the releases that belong together. */
export const compatListCommand: Command<CliContext> = buildCommand({
  func: reporting<ListFlags, []>(list),
  parameters: { flags: { catalog: CATALOG_FLAG, repo: REPO_FLAG, json: JSON_FLAG } },
  docs: commandDocs(
    "List the KMS and node releases that belong together",
    "The stable releases of the catalog, oldest first, with those that were withdrawn.",
    { does: "which versions are there?", line: "mero-tee compat list" },
  ),
});
