import { buildCommand, type Command } from "@stricli/core";
import { checkCompatible, type ReleaseVersion } from "@mero-tee/release-artifacts";

import { loadCatalog } from "../catalog-file.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfRelease } from "../failure-view.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { CATALOG_FLAG, parseVersion, REPO_FLAG } from "../release-flags.ts";
import { table } from "../table.ts";

interface CheckFlags extends CommonFlags {
  readonly kms: ReleaseVersion;
  readonly node: ReleaseVersion;
  readonly catalog?: string;
  readonly repo?: string;
}

async function check(ports: Ports, flags: CheckFlags): Promise<Report> {
  const { kms, node } = flags;
  const nothing = { compatible: false, kms, node, release: null };
  const catalog = await loadCatalog(ports, flags);
  if (!catalog.ok) return reportRefusal(catalog.error, nothing);
  const release = checkCompatible(catalog.value.value, kms, node);
  if (!release.ok) return reportRefusal(refusalOfRelease(release.error), nothing);
  return reportSuccess({ compatible: true, kms, node, release: release.value }, (paint) => {
    const { kms_tag: kmsTag, node_image_tag: nodeTag, release_class: releaseClass = "stable" } = release.value;
    const rows = [
      ["KMS", kmsTag],
      ["node image", nodeTag],
      ["class", releaseClass],
    ] as const;
    return `${paint.good("✓ They belong together")}\n${table(rows)}`;
  });
}

/** `mero-tee compat check`: do a KMS and a node release belong together? */
export const compatCheckCommand: Command<CliContext> = buildCommand({
  func: reporting<CheckFlags, []>(check),
  parameters: {
    flags: {
      kms: { kind: "parsed", parse: parseVersion, placeholder: "VERSION", brief: "Version or tag of the KMS" },
      node: { kind: "parsed", parse: parseVersion, placeholder: "VERSION", brief: "Version or tag of the node image" },
      catalog: CATALOG_FLAG,
      repo: REPO_FLAG,
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Look up whether a KMS and a node release belong together",
    "Both lanes share one version. The catalog lists the stable ones, whether they were tested from end to end, and those that were withdrawn.",
    { does: "may these two meet?", line: "mero-tee compat check --kms 2.4.0 --node 2.4.0" },
  ),
});
