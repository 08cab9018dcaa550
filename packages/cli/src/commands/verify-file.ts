import { basename } from "node:path";

import {
  ATTESTER_KINDS,
  type AttesterKind,
  type ChangedStep,
  type GivenInput,
  INPUT_LIMIT_BYTES,
  readEvidenceFile,
  reappraise,
  type Reappraisal,
  recogniseInputs,
  withDemands,
} from "@mero-tee/appraisal";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";
import { buildCommand, type Command } from "@stricli/core";

import {
  APPRAISAL_FLAGS,
  applicationHashFlag,
  bytes32Flag,
  type AppraisalFlags,
} from "../appraisal/appraisal-flags.ts";
import { reportAppraisal } from "../appraisal/appraisal-view.ts";
import { loadAnchors } from "../appraisal/load-anchors.ts";
import { runAppraisal } from "../appraisal/run-appraisal.ts";
import { supplyReleases } from "../appraisal/supply-releases.ts";
import { cliFailure } from "../cli-failure.ts";
import { commandDocs, reporting } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, type Refusal } from "../failure-view.ts";
import { fileArgument } from "../flags.ts";
import { reportRefusal, type JsonDocument, type Report } from "../output.ts";
import type { Paint } from "../paint.ts";
import { printable } from "../printable.ts";
import { grid, cell } from "../table.ts";

interface VerifyFileFlags extends AppraisalFlags {
  readonly kind?: AttesterKind;
  readonly nonce?: Uint8Array<ArrayBuffer>;
  readonly binding?: Uint8Array<ArrayBuffer>;
  readonly applicationHash?: Uint8Array<ArrayBuffer>;
}

const NOTHING = { verdict: null, steps: [], recognised: [] };

async function verifyFile(ports: Ports, flags: VerifyFileFlags, ...paths: readonly string[]): Promise<Report> {
  const misuse = misuseOf(flags);
  if (misuse !== null) return reportRefusal(refusalOfCli(cliFailure("usage-invalid", misuse)), NOTHING);
  const inputs = await loadInputs(ports, paths);
  if (!inputs.ok) return reportRefusal(inputs.error, NOTHING);
  const recognised = recogniseInputs(inputs.value).inputs;
  const [evidenceFile, ...others] = recognised.filter(({ kind }) => kind === "evidence-file");
  const [input] = inputs.value;
  if (evidenceFile !== undefined && input !== undefined) {
    const isAlone = others.length === 0 && recognised.length === 1;
    if (isAlone) return await verifyEvidenceFile(ports, flags, input);
    const message = "An evidence file holds everything that it is judged by; give it alone.";
    return reportRefusal(refusalOfCli(cliFailure("usage-invalid", message)), NOTHING);
  }
  const subject = {
    origin: "file",
    kind: flags.kind ?? null,
    inputs: inputs.value,
    nonce: flags.nonce ?? null,
    binding: flags.binding ?? null,
    applicationHash: flags.applicationHash ?? null,
  } as const;
  const made = await runAppraisal(ports, flags, subject);
  if (!made.ok) return reportRefusal(made.error, NOTHING);
  const sentences = made.value.report.recognised.map(({ sentence }) => sentence);
  return reportAppraisal(made.value.report, flags, {
    fields: { recognised: made.value.report.recognised },
    text: (paint) => `\n${sentences.map((sentence) => `${paint.dim(`  ${printable(sentence)}`)}\n`).join("")}`,
  });
}

/** What one kind of attester binds says nothing about the other, and must not be passed over in silence. */
function misuseOf({ kind, binding, applicationHash }: VerifyFileFlags): string | null {
  if (binding !== undefined && kind !== "kms") return "--binding is what a KMS was asked to bind; say --kind kms.";
  if (applicationHash !== undefined && kind !== "node") {
    return "--application-hash is what a node was asked to bind; say --kind node.";
  }
  return null;
}

async function loadInputs(ports: Ports, paths: readonly string[]): Promise<Result<readonly GivenInput[], Refusal>> {
  const inputs: GivenInput[] = [];
  for (const path of paths) {
    const bytes = await ports.files.read(path, INPUT_LIMIT_BYTES);
    if (!bytes.ok) return err(refusalOfCli(bytes.error));
    inputs.push({ name: path === "-" ? "standard input" : basename(path), bytes: bytes.value });
  }
  return ok(inputs);
}

/**
 * As of today, or of the instant that the user names: the date in a file is its maker's word, who may pick one at which a machine
 * was good enough. What it comes to as of that date stands beside it. What the user demands replaces what the file says was demanded.
 */
async function verifyEvidenceFile(ports: Ports, flags: VerifyFileFlags, { bytes }: GivenInput): Promise<Report> {
  const anchors = await loadAnchors(ports, flags);
  if (!anchors.ok) return reportRefusal(anchors.error, NOTHING);
  const read = readEvidenceFile(bytes, "file");
  if (!read.ok) {
    const { code, sentence } = read.error;
    return reportRefusal(refusalOfCli(cliFailure(code, sentence)), NOTHING);
  }
  const files = flags.policy ?? [];
  const { repository } = anchors.value;
  const own = await supplyReleases(ports, { kind: null, repository, version: undefined, files, seemsToFit: null });
  if (!own.ok) return reportRefusal(own.error, NOTHING);
  const demanded = withDemands(read.value, {
    kind: flags.kind ?? null,
    tag: flags.version ?? null,
    profile: flags.profile ?? null,
    binding: flags.binding ?? null,
    applicationHash: flags.applicationHash ?? null,
    tcbStatuses: null,
    nonce: flags.nonce ?? null,
  });
  const releases = own.value.status === "given" ? own.value : demanded.request.releases;
  const file = { ...demanded, request: { ...demanded.request, releases } };
  const again = await reappraise(file, anchors.value.anchors, flags.at ?? ports.nowSeconds());
  return reportAppraisal(again.today, flags, { fields: fieldsOf(again), text: (paint) => textOf(again, paint) });
}

function fieldsOf({ asOf, differsFromRecord, changedSince, digestMatches }: Reappraisal): JsonDocument {
  return {
    recognised: asOf.recognised,
    asOf: { verdict: asOf.verdict, because: asOf.because, judgedAt: asOf.judgedAt },
    differsFromRecord,
    changedSince,
    digestMatches,
  };
}

function textOf({ asOf, differsFromRecord, changedSince, digestMatches }: Reappraisal, paint: Paint): string {
  const lines = [
    digestMatches ? "" : `  ${paint.warn("!")} The file is not as it was written: its digest does not match.\n`,
    `  As of ${formatRfc3339Utc(asOf.judgedAt)}, which the file names, the verdict is ${paint.strong(asOf.verdict)}.\n`,
    changesText("What differs from what the file says about itself", differsFromRecord),
    changesText("What has changed since", changedSince),
  ];
  return `\n${lines.join("")}`;
}

function changesText(title: string, changes: readonly ChangedStep[]): string {
  if (changes.length === 0) return "";
  const rows = changes.map(({ id, before, now }) => [cell(id), cell(before), cell(now)]);
  return `\n  ${title}:\n${grid(["step", "before", "now"], rows)}`;
}

/** `mero-tee verify file`: appraises what somebody handed over. */
export const verifyFileCommand: Command<CliContext> = buildCommand({
  func: reporting<VerifyFileFlags, string[]>(verifyFile),
  parameters: {
    positional: {
      kind: "array",
      parameter: fileArgument(
        "An attestation, a quote (raw, hex or base64), an event log, collateral, or an evidence file",
      ),
      minimum: 1,
    },
    flags: {
      ...APPRAISAL_FLAGS,
      kind: {
        kind: "enum",
        values: ATTESTER_KINDS,
        brief: "What it is of (default: told from the evidence)",
        optional: true,
      },
      nonce: bytes32Flag("The challenge that was sent; without it nobody can say when the evidence was made"),
      binding: bytes32Flag("Of a KMS: what it was asked to bind (default: the binding that every release names)"),
      applicationHash: applicationHashFlag(
        "Of a node: hash of the bytecode of the application that it was asked to bind (default: it was asked for none)",
      ),
    },
  },
  docs: commandDocs(
    "Appraise evidence in files",
    "Recognises by content what it is given, says what it was, and appraises it like a live answer. An evidence file is appraised as of now (--at: as of then), " +
      "and beside that as of the date in it; what it says about steps and verdict is compared, and never believed.",
    { does: "what is in this file, and does it hold?", line: "mero-tee verify file answer.json --version 2.4.0" },
  ),
});
