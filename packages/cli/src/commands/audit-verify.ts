import { buildCommand, type Command } from "@stricli/core";
import { type AuditSummary, verifyAuditFile } from "@mero-tee/kms-protocol/audit";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { formatRfc3339Utc } from "@mero-tee/tdx-quote/utc-time";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfAudit, refusalOfCli } from "../failure-view.ts";
import { fileArgument, optionalFlag, type OptionalFlag } from "../flags.ts";
import { parseTolerantHex } from "../hex-input.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import type { Paint } from "../paint.ts";
import { table } from "../table.ts";

/** About two million key releases. */
const FILE_LIMIT_BYTES = 1024 * 1024 * 1024;

interface AuditFlags extends CommonFlags {
  readonly anchor?: string;
}

/** The document, before anything is known. */
const NOTHING_KNOWN = {
  verified: false,
  records: 0,
  head: null,
  anchored: null,
  firstAt: null,
  lastAt: null,
  kinds: null,
};

/** `--anchor`: a digest of 32 bytes, in lower case from here on. */
function parseDigest(text: string): string {
  const bytes = parseTolerantHex(text, 32);
  if (bytes === null) throw new Error("not a SHA-256 digest (64 hex digits)");
  return toHex(bytes);
}

const ANCHOR_FLAG: OptionalFlag<string> = optionalFlag(
  parseDigest,
  "HEX",
  "Digest of a record seen earlier; the file must still hold that record",
);

async function verify(ports: Ports, { anchor }: AuditFlags, file: string): Promise<Report> {
  const content = await ports.files.read(file, FILE_LIMIT_BYTES);
  if (!content.ok) return reportRefusal(refusalOfCli(content.error), NOTHING_KNOWN);
  const { summary, problem } = verifyAuditFile(content.value, anchor);
  const { head, firstAt, lastAt, kinds, hasAnchor } = summary;
  const known = {
    verified: problem === null,
    records: head.records,
    head: head.records === 0 ? null : head.digest,
    anchored: hasAnchor,
    firstAt: timeOf(firstAt),
    lastAt: timeOf(lastAt),
    kinds,
  };
  if (problem === null) return reportSuccess(known, (paint) => summaryText(summary, paint));
  return reportRefusal(refusalOfAudit(problem), known, () => (head.records === 0 ? "" : table(rowsOf(summary))));
}

/** Null for no time, and for one that no calendar has: the times of a file are claims. */
function timeOf(at: number | null): string | null {
  return at === null || at > 253_402_300_799 ? null : formatRfc3339Utc(at);
}

function rowsOf({ head, firstAt, lastAt, kinds }: AuditSummary): [string, string][] {
  return [
    ["whole up to", `record ${head.records}`],
    ["from", timeOf(firstAt) ?? "?"],
    ["to", timeOf(lastAt) ?? "?"],
    ["keys released", String(kinds.release)],
    ["nodes refused", String(kinds.refusal)],
    ["starts", String(kinds.start)],
    ["head", head.digest],
  ];
}

function summaryText(summary: AuditSummary, paint: Paint): string {
  const anchor =
    summary.hasAnchor === true
      ? "the record that was asked for is there, and so is everything before it"
      : "nothing shows that the end was not cut off: give --anchor a digest seen earlier";
  return `${paint.good("✓ Whole")}  ${summary.head.records} records\n${table([...rowsOf(summary), ["end", anchor]])}`;
}

/** `mero-tee audit verify FILE`: whether the audit file of a KMS is one unbroken chain. */
export const auditVerifyCommand: Command<CliContext> = buildCommand({
  func: reporting<AuditFlags, [string]>(verify),
  parameters: {
    flags: { anchor: ANCHOR_FLAG, json: JSON_FLAG },
    positional: { kind: "tuple", parameters: [fileArgument("Audit file of a KMS; - for standard input")] },
  },
  docs: commandDocs(
    "Verify the chain of a KMS's audit file",
    "Each record carries the digest of the one before it. Exit code 10 where a record was changed, removed, added or moved. Whoever " +
      "can write the file can also cut its end off, or write the chain anew: only --anchor notices that.",
    {
      does: "is the file whole, and does it still hold the record that the log named yesterday?",
      line: `mero-tee audit verify audit.jsonl --anchor ${"5f".repeat(32)}`,
    },
  ),
});
