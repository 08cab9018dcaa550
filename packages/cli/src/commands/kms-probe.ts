import { buildCommand, type Command } from "@stricli/core";
import { probeKms, type KmsProbeCode, type KmsProbeReport } from "@mero-tee/kms-protocol/client";
import { quoteForeignText } from "@mero-tee/policy";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { createNodeSide, NODE_FLAGS, type NodeFlags } from "../node-side.ts";
import { reportRefusal, reportSuccess, withProgress, type Report } from "../output.ts";
import { table, type Row } from "../table.ts";

/** Longest piece of a KMS's own words that is shown, in UTF-16 units. */
const KMS_ERROR_LENGTH = 200;

const NOTHING_KNOWN = { ok: false, stage: null, code: null } as const;

async function probe(ports: Ports, flags: NodeFlags, kmsUrl: string): Promise<Report> {
  const node = await createNodeSide(ports, flags, kmsUrl);
  if (!node.ok) return reportRefusal(node.error, NOTHING_KNOWN);
  const { identity, quoteProvider, verifyKms, binding } = node.value;
  const report = await withProgress(
    ports,
    `probing the KMS at ${kmsUrl}`,
    probeKms({
      kmsUrl,
      fetch: ports.fetch,
      identity,
      quoteProvider,
      ...(verifyKms === null ? {} : { attestation: { verifyKms, ...(binding === null ? {} : { binding }) } }),
    }),
  );
  const fields = { ...report };
  if (report.ok)
    return reportSuccess(fields, (paint) => `${paint.good("✓ OK")}  a node would get its key from ${kmsUrl}\n`);
  return reportRefusal(refusalOfProbe(report), fields, () => probeText(report));
}

function probeText(report: KmsProbeReport): string {
  const rows: Row[] = [
    ["probe code", report.code],
    ["stage", report.stage],
  ];
  if (report.kms_error !== undefined) rows.push(["KMS error", quoteForeignText(report.kms_error, KMS_ERROR_LENGTH)]);
  return table(rows, 0);
}

/** One code for every probe that did not end in OK: which one it was is in `code`, spelled as nodes spell it. */
function refusalOfProbe(report: KmsProbeReport): Refusal {
  const { view } = refusalOfCli(
    cliFailure("kms-probe-failed", report.details ?? `The probe ended with ${report.code}.`),
  );
  return { view, exitCode: exitCodeOf(report) };
}

/** Results that are no verdict of a KMS: the command line was wrong, or nobody answered. */
const OTHER_ENDINGS: Partial<Record<KmsProbeCode, ExitCode>> = {
  KMS_PROVIDER_NOT_CONFIGURED: EXIT.usage,
  KMS_ENDPOINT_URL_INVALID: EXIT.usage,
  KMS_HTTP_INSECURE: EXIT.usage,
  KMS_CHALLENGE_REQUEST_FAILED: EXIT.failed,
  KMS_GET_KEY_REQUEST_FAILED: EXIT.failed,
  KMS_HTTP_CLIENT_SETUP_FAILED: EXIT.failed,
};

function exitCodeOf(report: KmsProbeReport): ExitCode {
  // A node calls it a rejection, too, when nobody answered; only an answer is a verdict.
  if (report.code === "KMS_ATTEST_REJECTED" && report.kms_error === undefined) return EXIT.failed;
  return OTHER_ENDINGS[report.code] ?? EXIT.refused;
}

/** `mero-tee kms probe URL`: would a node get its key, and if not, what would its own probe say? */
export const kmsProbeCommand: Command<CliContext> = buildCommand({
  func: reporting<NodeFlags, [string]>(probe),
  parameters: {
    flags: { ...NODE_FLAGS, json: JSON_FLAG },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, placeholder: "URL", brief: "Base address of the KMS" }],
    },
  },
  docs: commandDocs(
    "Probe a KMS as a node does",
    "Goes through a whole key release, throws the key away, and names the result as `merod kms probe` does.",
    {
      does: "would a node get its key here?",
      line: "mero-tee kms probe http://127.0.0.1:8080 --identity node.key --simulator http://127.0.0.1:8787",
    },
  ),
});
