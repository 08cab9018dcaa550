import { buildCommand, type Command } from "@stricli/core";
import { addToCatalog, checkCatalog, documentText, judge } from "@mero-tee/release-artifacts";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfRelease } from "../failure-view.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { loadReleaseFile } from "../release-file.ts";
import { CATALOG_FILE, CATALOG_FLAG, REPO_FLAG } from "../release-flags.ts";
import { ruleView } from "../release-view.ts";
import { repositorySetting } from "../repository-setting.ts";

interface UpdateFlags extends CommonFlags {
  readonly map: string;
  readonly catalog?: string;
  readonly repo?: string;
  readonly tested: boolean;
  readonly hotfix: boolean;
  readonly check: boolean;
}

async function update(ports: Ports, flags: UpdateFlags): Promise<Report> {
  const path = flags.catalog ?? CATALOG_FILE;
  const nothing = { changed: false, version: null };
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return reportRefusal(refusalOfCli(setting.error), nothing);
  const { repository } = setting.value;
  const catalog = await loadReleaseFile(ports.files, path, "compatibilityCatalog");
  if (!catalog.ok) return reportRefusal(catalog.error, nothing);
  const map = await loadReleaseFile(ports.files, flags.map, "compatibilityMap");
  if (!map.ok) return reportRefusal(map.error, nothing);
  const releaseClass = flags.hotfix ? "hotfix" : "stable";
  const added = addToCatalog(catalog.value.value, map.value.value, {
    repository,
    isTested: flags.tested,
    releaseClass,
  });
  if (!added.ok) return reportRefusal(refusalOfRelease(added.error), nothing);
  const consistent = checkCatalog(added.value, repository);
  if (!consistent.ok) return reportRefusal(refusalOfRelease(consistent.error), nothing);

  const text = documentText(added.value);
  const changed = text !== new TextDecoder().decode(catalog.value.bytes);
  const version = map.value.value.tag;
  const rules = judge("history", { listing: { version, isListed: !changed } }, (id) => id === "P-06").map(ruleView);
  const fields = { changed, version };
  if (flags.check && changed) {
    return reportRefusal(
      refusalOfCli(cliFailure("catalog-outdated", `${path} does not list ${fields.version} as it is.`)),
      { ...fields, rules },
    );
  }
  const written = changed ? await ports.files.write(path, text, "document") : null;
  if (written?.ok === false) return reportRefusal(refusalOfCli(written.error), nothing);
  return reportSuccess(fields, () => `${path} ${changed ? "now lists" : "lists"} ${fields.version}\n`);
}

/** `mero-tee compat update`: adds a release to the catalog. */
export const compatUpdateCommand: Command<CliContext> = buildCommand({
  func: reporting<UpdateFlags, []>(update),
  parameters: {
    flags: {
      map: {
        kind: "parsed",
        parse: String,
        placeholder: "FILE",
        brief: "kms-phala-compatibility-map.json of the release",
      },
      catalog: CATALOG_FLAG,
      repo: REPO_FLAG,
      tested: { kind: "boolean", brief: "The tests over both releases were green", default: false, withNegated: false },
      hotfix: { kind: "boolean", brief: "The release is a hotfix", default: false, withNegated: false },
      check: {
        kind: "boolean",
        brief: "Write nothing; exit with 10 if there is something to write",
        default: false,
        withNegated: false,
      },
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Add a stable release to the compatibility catalog",
    "The entry is made from the release's compatibility map and takes its place among the versions. An entry with other digests is never replaced.",
    {
      does: "list a release that was tested",
      line: "mero-tee compat update --map kms-phala-compatibility-map.json --tested",
    },
  ),
});
