import { setTimeout as sleep } from "node:timers/promises";

import { buildCommand, type Command } from "@stricli/core";
import { type ListedRelease, listReleases, RELEASE_LANES, type ReleaseLane } from "@mero-tee/release-artifacts";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfRelease } from "../failure-view.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import { REPO_FLAG } from "../release-flags.ts";
import { repositorySetting } from "../repository-setting.ts";
import { printable } from "../printable.ts";
import { type Cell, cell, grid } from "../table.ts";

interface ListFlags extends CommonFlags {
  readonly lane?: ReleaseLane;
  readonly repo?: string;
}

async function list(ports: Ports, flags: ListFlags): Promise<Report> {
  const setting = repositorySetting(flags.repo, ports.environment);
  if (!setting.ok) return reportRefusal(refusalOfCli(setting.error), { repository: null, releases: [] });
  const { repository } = setting.value;
  const source = { fetch: ports.fetch, repository, wait: async (ms: number) => await sleep(ms) };
  const found = await withProgress(ports, `listing the releases of ${repository}`, listReleases(source));
  if (!found.ok) return reportRefusal(refusalOfRelease(found.error), { repository, releases: [] });
  const releases = found.value.filter(({ lane }) => flags.lane === undefined || lane === flags.lane);
  return reportSuccess({ repository, releases: releases.map(viewOf) }, () =>
    releases.length === 0
      ? `${repository} has no such release\n`
      : grid(["tag", "published", "files", ""], releases.map(rowOf)),
  );
}

function viewOf({ lane, version, tag, isPrerelease, publishedAt, assets }: ListedRelease) {
  return { lane, version, tag, isPrerelease, publishedAt, assets: assets.size };
}

function rowOf({ tag, isPrerelease, publishedAt, assets }: ListedRelease): readonly Cell[] {
  const words = [tag, publishedAt ?? "unknown", String(assets.size), isPrerelease ? "candidate" : ""];
  return words.map((word) => cell(printable(word)));
}

/** `mero-tee release list`: the published releases, unverified. */
export const releaseListCommand: Command<CliContext> = buildCommand({
  func: reporting<ListFlags, []>(list),
  parameters: {
    flags: {
      lane: { kind: "enum", values: RELEASE_LANES, optional: true, brief: "Only this release family" },
      repo: REPO_FLAG,
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "List the published releases",
    "What the host lists, newest version of each lane first; nothing of it is verified.",
    { does: "which KMS releases are there?", line: "mero-tee release list --lane kms" },
  ),
});
