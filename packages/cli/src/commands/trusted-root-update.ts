import { buildCommand, type Command } from "@stricli/core";

import { requireCheckout } from "../checkout.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { supervise } from "../dev/supervised-program.ts";
import { refusalOfCli } from "../failure-view.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";

interface UpdateFlags extends CommonFlags {
  readonly dryRun: boolean;
}

const LIMIT_MS = 120_000;

async function update(ports: Ports, flags: UpdateFlags): Promise<Report> {
  const nothing = { changed: false, difference: [] };
  const checkout = requireCheckout(ports.checkout);
  if (!checkout.ok) return reportRefusal(refusalOfCli(checkout.error), nothing);
  const environment = Object.entries(ports.environment).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const args = flags.dryRun ? ["--dry-run"] : [];
  const child = checkout.value.start("trusted-root", args, Object.fromEntries(environment));
  const program = supervise("the update of the trusted root", child);
  const difference: string[] = [];
  const collect = (line: string): null => {
    if (/^[+-] /.test(line)) difference.push(line);
    return null;
  };
  const ended = await withProgress(ports, "asking Sigstore", program.lineThat(collect, LIMIT_MS));
  await program.stop();
  if (!ended.ok && child.exitCode !== 0) return reportRefusal(refusalOfCli(ended.error), nothing);
  const changed = difference.length > 0;
  const what = flags.dryRun ? "would change" : "is written, to be reviewed and committed";
  return reportSuccess({ changed, difference }, () =>
    changed ? `${difference.join("\n")}\nthe trusted root ${what}\n` : "the trusted root has the same parties\n",
  );
}

/** `mero-tee release trusted-root update`: takes over Sigstore's current trusted root, in a checkout. */
export const trustedRootUpdateCommand: Command<CliContext> = buildCommand({
  func: reporting<UpdateFlags, []>(update),
  parameters: {
    flags: {
      dryRun: { kind: "boolean", brief: "Show the difference and write nothing", default: false, withNegated: false },
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Take over Sigstore's current trusted root",
    "Fetched through TUF, whose signatures are verified, and written into the checkout for review. Parties that come and go are shown.",
    { does: "what has changed?", line: "mero-tee release trusted-root update --dry-run" },
  ),
});
