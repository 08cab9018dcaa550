import { buildCommand, type Command } from "@stricli/core";
import { diffPolicies, type PolicyListChange } from "@mero-tee/release-artifacts";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { fileArgument } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { policyChangesText } from "../policy-changes.ts";
import { loadReleaseFile } from "../release-file.ts";

interface DiffFlags extends CommonFlags {
  readonly format: "table" | "markdown";
}

async function diff(ports: Ports, { format }: DiffFlags, before: string, after: string): Promise<Report> {
  const [left, right] = [
    await loadReleaseFile(ports.files, before, "attestationPolicy"),
    await loadReleaseFile(ports.files, after, "attestationPolicy"),
  ];
  if (!left.ok) return reportRefusal(left.error, { changes: [] });
  if (!right.ok) return reportRefusal(right.error, { changes: [] });
  const changes = diffPolicies(left.value.value, right.value.value);
  return reportSuccess({ changes }, (paint) =>
    format === "markdown" ? markdown(changes) : policyChangesText(changes, paint),
  );
}

/** The table goes into a pull request: values that are no hex of ours must not become markup there. */
function cell(values: readonly string[]): string {
  return values.map((value) => `\`${value.replaceAll(/[^ -_a-{}~]/g, "?").replaceAll("|", "?")}\``).join("<br>");
}

function markdown(changes: readonly PolicyListChange[]): string {
  if (changes.length === 0) return "No difference.\n";
  const rows = changes.map(({ path, added, removed }) => `| ${cell([path])} | ${cell(removed)} | ${cell(added)} |`);
  return `${["| path | removed | added |", "| --- | --- | --- |", ...rows].join("\n")}\n`;
}

/** `mero-tee policy diff`: what differs between two attestation policies? */
export const policyDiffCommand: Command<CliContext> = buildCommand({
  func: reporting<DiffFlags, [string, string]>(diff),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        fileArgument("Attestation policy before"),
        { ...fileArgument("Attestation policy after"), placeholder: "FILE2" },
      ],
    },
    flags: {
      format: { kind: "enum", values: ["table", "markdown"], default: "table", brief: "How to show it to people" },
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Show what differs between two attestation policies",
    "Lists are compared by what came and what went; their order does not count. A difference is no failure: the exit code is 0.",
    { does: "what would this change accept?", line: "mero-tee policy diff before.json after.json --format markdown" },
  ),
});
