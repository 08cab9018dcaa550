import { buildCommand, type Command } from "@stricli/core";

import { APPRAISAL_FLAGS, bytes32Flag, type AppraisalFlags } from "../appraisal/appraisal-flags.ts";
import { reportAppraisal } from "../appraisal/appraisal-view.ts";
import { runAppraisal } from "../appraisal/run-appraisal.ts";
import { commandDocs, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { parseServiceUrl } from "../flags.ts";
import { reportRefusal, type Report } from "../output.ts";

interface VerifyKmsFlags extends AppraisalFlags {
  readonly binding?: Uint8Array<ArrayBuffer>;
}

async function verifyKms(ports: Ports, flags: VerifyKmsFlags, url: string): Promise<Report> {
  const binding = flags.binding ?? null;
  const made = await runAppraisal(ports, flags, { origin: "live", kind: "kms", url, binding });
  return made.ok ? reportAppraisal(made.value.report, flags) : reportRefusal(made.error, { verdict: null, steps: [] });
}

/** `mero-tee verify kms`: challenges a KMS and appraises its answer. */
export const verifyKmsCommand: Command<CliContext> = buildCommand({
  func: reporting<VerifyKmsFlags, [string]>(verifyKms),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [{ parse: parseServiceUrl, placeholder: "URL", brief: "The KMS" }],
    },
    flags: {
      ...APPRAISAL_FLAGS,
      binding: bytes32Flag("Second half of report data to ask for (default: the binding that every release names)"),
    },
  },
  docs: commandDocs(
    "Appraise a live KMS",
    "Sends a fresh challenge, verifies the quote of the answer, rebuilds its registers from the event log, and compares them with a signed " +
      "release. Nothing that the KMS says beside its quote is believed. It proves that such a machine exists and answered, not that other traffic to this address ends in it.",
    { does: "is this the KMS of release 2.4.0?", line: "mero-tee verify kms https://kms.example.com --version 2.4.0" },
  ),
});
