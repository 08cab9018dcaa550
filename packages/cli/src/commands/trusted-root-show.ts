import { buildCommand, type Command } from "@stricli/core";
import { PUBLIC_TRUSTED_ROOT_TAKEN_AT, type TrustedParty, trustedParties } from "@mero-tee/release-artifacts/sigstore";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { optionalFlag } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { cell, grid } from "../table.ts";
import { loadTrustedRoot } from "../trusted-root-file.ts";

interface ShowFlags extends CommonFlags {
  readonly trustedRoot?: string;
}

async function show(ports: Ports, flags: ShowFlags): Promise<Report> {
  const takenAt = flags.trustedRoot === undefined ? PUBLIC_TRUSTED_ROOT_TAKEN_AT : null;
  const root = await loadTrustedRoot(ports, flags.trustedRoot);
  if (!root.ok) return reportRefusal(root.error, { takenAt, parties: [] });
  const parties = trustedParties(root.value).map(partyView);
  const rows = parties.map(({ kind, name, from, to }) => [cell(kind), cell(name), cell(from), cell(to ?? "")]);
  return reportSuccess({ takenAt, parties }, () => {
    const since = takenAt === null ? "" : `Sigstore's public instance, as of ${takenAt.slice(0, 10)}\n`;
    return since + grid(["party", "name", "from", "until"], rows);
  });
}

function partyView({ kind, name, fromMs, toMs }: TrustedParty) {
  return { kind, name, from: instant(fromMs), to: toMs === Infinity ? null : instant(toMs) };
}

function instant(milliseconds: number): string {
  return formatRfc3339Utc(Math.floor(milliseconds / 1000));
}

/** `mero-tee release trusted-root show`: whose signatures over signatures count. */
export const trustedRootShowCommand: Command<CliContext> = buildCommand({
  func: reporting<ShowFlags, []>(show),
  parameters: {
    flags: {
      trustedRoot: optionalFlag(String, "FILE", "Sigstore trusted root to show instead of this release's"),
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Show the Sigstore trusted root",
    "Logs, certificate authorities and timestamp authorities that a release's signatures are verified with, and when each counts.",
    { does: "who vouches for signatures?", line: "mero-tee release trusted-root show" },
  ),
});
