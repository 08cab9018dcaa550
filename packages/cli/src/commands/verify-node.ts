import { buildCommand, type Command } from "@stricli/core";

import { APPRAISAL_FLAGS, applicationHashFlag, type AppraisalFlags } from "../appraisal/appraisal-flags.ts";
import { reportAppraisal } from "../appraisal/appraisal-view.ts";
import { runAppraisal } from "../appraisal/run-appraisal.ts";
import { cliFailure } from "../cli-failure.ts";
import { commandDocs, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli } from "../failure-view.ts";
import { optionalFlag, parseServiceUrl } from "../flags.ts";
import { reportRefusal, type Report } from "../output.ts";

interface VerifyNodeFlags extends AppraisalFlags {
  readonly applicationId?: string;
  readonly applicationHash?: Uint8Array<ArrayBuffer>;
}

const NOTHING = { verdict: null, steps: [] };

function parseApplicationId(text: string): string {
  if (!/^[A-Za-z0-9._:-]{1,128}$/.test(text)) throw new Error("not 1 to 128 letters, digits or ._:-");
  return text;
}

async function verifyNode(ports: Ports, flags: VerifyNodeFlags, url: string): Promise<Report> {
  const { applicationId: id, applicationHash: hash = null } = flags;
  if (id === undefined && hash !== null) {
    const message = "--application-hash says what an application is; name it with --application-id.";
    return reportRefusal(refusalOfCli(cliFailure("usage-invalid", message)), NOTHING);
  }
  const application = id === undefined ? {} : { application: { id, hash } };
  const made = await runAppraisal(ports, flags, { origin: "live", kind: "node", url, binding: null, ...application });
  return made.ok ? reportAppraisal(made.value.report, flags) : reportRefusal(made.error, NOTHING);
}

/** `mero-tee verify node`: challenges a node and appraises its answer. */
export const verifyNodeCommand: Command<CliContext> = buildCommand({
  func: reporting<VerifyNodeFlags, [string]>(verifyNode),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: parseServiceUrl, placeholder: "URL", brief: "The node's admin API" }],
    },
    flags: {
      ...APPRAISAL_FLAGS,
      applicationId: optionalFlag(
        parseApplicationId,
        "ID",
        "Application that the node shall bind to its answer (default: none)",
      ),
      applicationHash: applicationHashFlag(
        "Hash of that application's bytecode, 32 bytes; without it the verdict is incomplete",
      ),
    },
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
