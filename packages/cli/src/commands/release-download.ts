import { buildCommand, type Command } from "@stricli/core";
import type { ReleaseLane, ReleaseVersion } from "@mero-tee/release-artifacts";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli } from "../failure-view.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { fetchRelease } from "../release-fetch.ts";
import { LANE_FLAG, parseVersion, REPO_FLAG } from "../release-flags.ts";
import { repositorySetting } from "../repository-setting.ts";

interface DownloadFlags extends CommonFlags {
  readonly lane: ReleaseLane;
  readonly out: string;
  readonly repo?: string;
}

async function download(ports: Ports, flags: DownloadFlags, version: ReleaseVersion): Promise<Report> {
  const { lane, out } = flags;
  const nothing = { lane, version, tag: null, files: [] };
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return reportRefusal(refusalOfCli(setting.error), nothing);
  const found = await fetchRelease(ports, { repository: setting.value.repository, lane, version, path: out });
  if (!found.ok) return reportRefusal(found.error, nothing);
  const { tag, assets } = found.value;
  return reportSuccess(
    { lane, version, tag, files: assets.toSorted() },
    () => `${assets.length} files of ${tag} are in ${out}, and nothing is verified yet\n`,
  );
}

/** `mero-tee release download`: fetches every asset of a release. */
export const releaseDownloadCommand: Command<CliContext> = buildCommand({
  func: reporting<DownloadFlags, [ReleaseVersion]>(download),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: parseVersion, placeholder: "VERSION", brief: "Version or tag" }],
    },
    flags: {
      lane: LANE_FLAG,
      out: { kind: "parsed", parse: String, placeholder: "DIR", brief: "Directory to make; it must not exist" },
      repo: REPO_FLAG,
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Download every asset of a release",
    "The directory appears whole or not at all. Nothing is verified: mero-tee release verify does that.",
    { does: "fetch a release", line: "mero-tee release download 2.4.0 --lane kms --out mero-kms-v2.4.0" },
  ),
});
