import { buildCommand, type Command } from "@stricli/core";
import { DEFAULT_PROFILE } from "@mero-tee/policy";
import { toPlainJson, type JsonValue } from "@mero-tee/tdx-quote/json";

import { requireCheckout } from "../checkout.ts";
import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { startSimulator } from "../dev/simulator-process.ts";
import { refusalOfCli } from "../failure-view.ts";
import { jsonMember } from "../json-member.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import { createSimulatorClient } from "../simulator-client.ts";
import { cell, grid } from "../table.ts";

const NOTHING_KNOWN = { defects: [] } as const;

async function listDefects(ports: Ports): Promise<Report> {
  const checkout = requireCheckout(ports.checkout);
  if (!checkout.ok) return reportRefusal(refusalOfCli(checkout.error), NOTHING_KNOWN);
  // The list is the platform's own: this command has no copy of it that could age.
  const starting = startSimulator(checkout.value, { port: 0, profile: DEFAULT_PROFILE });
  const simulator = await withProgress(ports, "starting the simulated platform", starting);
  if (!simulator.ok) return reportRefusal(refusalOfCli(simulator.error), NOTHING_KNOWN);
  const defects = await createSimulatorClient(ports.fetch, simulator.value.url).defects();
  await simulator.value.stop();
  if (!defects.ok) {
    return reportRefusal(refusalOfCli(cliFailure("process-failed", defects.error.reason)), NOTHING_KNOWN);
  }
  const list = defects.value;
  return reportSuccess({ defects: list.map(toPlainJson) }, () =>
    grid(
      ["case", "a verifier must say", "what it is"],
      list.map((defect) => [cell(textOf(defect, "id")), cell(outcomesOf(defect)), cell(textOf(defect, "describe"))]),
    ),
  );
}

function textOf(value: JsonValue, key: string): string {
  const member = jsonMember(value, key);
  return typeof member === "string" ? member : "";
}

/** What the variants of a case must come to, each outcome once. */
function outcomesOf(defect: JsonValue): string {
  const expected = jsonMember(defect, "expected");
  const outcomes: readonly string[] = Array.isArray(expected) ? expected.map(outcomeOf) : [];
  return [...new Set(outcomes)].join(", ");
}

function outcomeOf(expected: JsonValue): string {
  if (jsonMember(expected, "ok") === true) return "ok";
  if (jsonMember(expected, "usageError") === true) return "usage error";
  return textOf(expected, "code") || `any code of ${textOf(expected, "stage")}`;
}

/** `mero-tee simulator defects`: what the simulated platform can do wrong on request. */
export const simulatorDefectsCommand: Command<CliContext> = buildCommand({
  func: reporting<CommonFlags, []>(listDefects),
  parameters: { flags: { json: JSON_FLAG } },
  docs: commandDocs(
    "List the flaws that the simulated platform can make",
    "Every flaw is a case that a verifier must refuse with a certain code. Ask for one with `defect` in `POST /quote`. Only from " +
      "a checkout of the repository.",
    { does: "which cases are there?", line: "mero-tee simulator defects" },
  ),
});
