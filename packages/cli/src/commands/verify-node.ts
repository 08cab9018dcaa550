import { buildCommand, type Command } from "@stricli/core";

import { APPRAISAL_FLAGS, type AppraisalFlags } from "../appraisal/appraisal-flags.ts";
import { reportAppraisal } from "../appraisal/appraisal-view.ts";
import { runAppraisal } from "../appraisal/run-appraisal.ts";
import { commandDocs, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { parseServiceUrl } from "../flags.ts";
import { reportRefusal, type Report } from "../output.ts";

async function verifyNode(ports: Ports, flags: AppraisalFlags, url: string): Promise<Report> {
  const made = await runAppraisal(ports, flags, { origin: "live", kind: "node", url, binding: null });
  return made.ok ? reportAppraisal(made.value.report, flags) : reportRefusal(made.error, { verdict: null, steps: [] });
}

/** `mero-tee verify node`: challenges a node and appraises its answer. */
export const verifyNodeCommand: Command<CliContext> = buildCommand({
  func: reporting<AppraisalFlags, [string]>(verifyNode),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: parseServiceUrl, placeholder: "URL", brief: "The node's admin API" }],
    },
    flags: APPRAISAL_FLAGS,
  },
  docs: commandDocs(
    "Appraise a live node",
    "Sends a fresh challenge, verifies the quote of the answer, and compares all five registers with a signed release. The parsed quote that a node " +
      "puts beside its bytes is compared with them, and never used.",
    {
      does: "is this a locked node of release 2.4.0?",
      line: "mero-tee verify node http://203.0.113.7 --version 2.4.0 --profile locked-read-only",
    },
  ),
});
