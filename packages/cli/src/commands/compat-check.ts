import { buildCommand, type Command } from "@stricli/core";
import { checkCatalog, checkCompatible, type ReleaseVersion } from "@mero-tee/release-artifacts";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfRelease } from "../failure-view.ts";
import { optionalFlag } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { loadReleaseFile } from "../release-file.ts";
import { parseVersion, REPO_FLAG } from "../release-flags.ts";
import { repositorySetting } from "../repository-setting.ts";
import { table } from "../table.ts";

interface CheckFlags extends CommonFlags {
  readonly kms: ReleaseVersion;
  readonly node: ReleaseVersion;
  readonly catalog?: string;
  readonly repo?: string;
}

/** The catalog of the repository. */
export const CATALOG_FILE = "compatibility-catalog.json";

async function check(ports: Ports, flags: CheckFlags): Promise<Report> {
  const { kms, node } = flags;
  const nothing = { compatible: false, kms, node, release: null };
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return reportRefusal(refusalOfCli(setting.error), nothing);
  const catalog = await loadReleaseFile(ports.files, flags.catalog ?? CATALOG_FILE, "compatibilityCatalog");
  if (!catalog.ok) return reportRefusal(catalog.error, nothing);
  const consistent = checkCatalog(catalog.value.value, setting.value.repository);
  if (!consistent.ok) return reportRefusal(refusalOfRelease(consistent.error), nothing);
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
      catalog: optionalFlag(String, "FILE", `Compatibility catalog (default: ${CATALOG_FILE})`),
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
