import { createHash } from "node:crypto";

import { buildCommand, type Command } from "@stricli/core";
import type { TcbStatus } from "@mero-tee/tdx-quote";
import { formatRfc3339Utc, parseQuote } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { refusalOfCli, refusalOfEvidence } from "../failure-view.ts";
import { optionalFlag, TCB_STATUS_FLAG } from "../flags.ts";
import { parseTolerantHex } from "../hex-input.ts";
import { reportRefusal, warn, type Report } from "../output.ts";
import { loadQuoteBytes } from "../quote-file.ts";

interface CandidatesFlags extends CommonFlags {
  readonly quote: string;
  readonly nonce?: string;
  readonly machineType?: string;
  readonly tcbStatus?: TcbStatus;
}

function parseNonce(text: string): string {
  const bytes = parseTolerantHex(text, 32);
  if (bytes === null) throw new Error("not 32 bytes of hex");
  return toHex(bytes);
}

function parseMachineType(text: string): string {
  if (!/^[a-z0-9][a-z0-9.-]{0,62}$/.test(text)) throw new Error("not a machine type such as c3-standard-4");
  return text;
}

async function candidates(ports: Ports, flags: CandidatesFlags): Promise<Report> {
  const bytes = await loadQuoteBytes(ports.files, flags.quote);
  if (!bytes.ok) return reportRefusal(refusalOfCli(bytes.error), {});
  const quote = parseQuote(bytes.value);
  if (!quote.ok) return reportRefusal(refusalOfEvidence(quote.error), {});
  const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3, tdAttributes, xfam } = quote.value.report;
  const { tcbStatus } = flags;
  if (tcbStatus === undefined) {
    warn(ports, "no TCB status was given, so these candidates accept none; find it out with mero-tee quote verify");
  }
  const path = "quote:$";
  const document = {
    schema_version: 1,
    generated_at_utc: formatRfc3339Utc(ports.nowSeconds()),
    measurement_source: "td_quote",
    quote_field_path: "$",
    source_attest_response_path: flags.quote,
    source_claims_path: "",
    quote_sha256: createHash("sha256").update(bytes.value).digest("hex"),
    ...(flags.nonce === undefined ? {} : { nonce_hex: flags.nonce }),
    td_attributes: tdAttributes,
    xfam,
    ...(flags.machineType === undefined ? {} : { machine_type: flags.machineType }),
    source_claim_paths: {
      mrtd: path,
      rtmr0: path,
      rtmr1: path,
      rtmr2: path,
      rtmr3: path,
      tcb_statuses: tcbStatus === undefined ? [] : [{ value: tcbStatus, path: "$.local", raw: tcbStatus }],
    },
    policy: {
      allowed_tcb_statuses: tcbStatus === undefined ? [] : [tcbStatus],
      allowed_mrtd: [mrtd],
      allowed_rtmr0: [rtmr0],
      allowed_rtmr1: [rtmr1],
      allowed_rtmr2: [rtmr2],
      allowed_rtmr3: [rtmr3],
    },
  };
  // A released document keeps its own form, with and without --json.
  return { exitCode: EXIT.ok, document, text: () => `${JSON.stringify(document, null, 2)}\n`, failure: null };
}

/** `mero-tee policy candidates`: what a policy would have to accept for this quote. */
export const policyCandidatesCommand: Command<CliContext> = buildCommand({
  func: reporting<CandidatesFlags, []>(candidates),
  parameters: {
    flags: {
      quote: {
        kind: "parsed",
        parse: String,
        placeholder: "FILE",
        brief: "Quote of the probed machine; it is not verified here",
      },
      tcbStatus: TCB_STATUS_FLAG,
      nonce: optionalFlag(parseNonce, "HEX", "Nonce that the quote was asked with, 32 bytes"),
      machineType: optionalFlag(parseMachineType, "NAME", "Kind of machine that was probed, e.g. c3-standard-4"),
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Write policy candidates from a quote",
    "Values come from the quote's bytes, never from what somebody says about it. The document is printed in its released form.",
    {
      does: "what did this probe see?",
      line: "mero-tee policy candidates --quote quote.bin --tcb-status UpToDate > candidates.json",
    },
  ),
});
