import { createHash } from "node:crypto";

import { buildCommand, type Command } from "@stricli/core";
import { holdClaims } from "@mero-tee/appraisal";
import { parseTcbStatus } from "@mero-tee/policy";
import { describeQuote, formatRfc3339Utc, parseQuote, type QuoteView, type TcbStatus } from "@mero-tee/tdx-quote";
import { toHex } from "@mero-tee/tdx-quote/hex";
import { isJsonObject, parseStrictJson } from "@mero-tee/tdx-quote/json";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { refusalOfCli, refusalOfEvidence, type Refusal } from "../failure-view.ts";
import { optionalFlag, TCB_STATUS_FLAG } from "../flags.ts";
import { parseTolerantHex } from "../hex-input.ts";
import { reportRefusal, warn, type Report } from "../output.ts";
import { loadQuoteBytes } from "../quote-file.ts";

interface CandidatesFlags extends CommonFlags {
  readonly quote: string;
  readonly nonce?: string;
  readonly machineType?: string;
  readonly tcbStatus?: TcbStatus;
  readonly claims?: string;
}

/** A TCB status, where it was found, and how it is spelled there. */
interface StatusSource {
  readonly value: TcbStatus;
  readonly path: string;
  readonly raw: string;
}

/** Longest file of claims that is read, in bytes: that of a token. */
const CLAIMS_LIMIT_BYTES = 64 * 1024;

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
  const status = await statusOf(ports, flags, describeQuote(quote.value));
  if (!status.ok) return reportRefusal(status.error, {});
  const tcbStatuses = status.value === null ? [] : [status.value];
  if (status.value === null) {
    warn(ports, "no TCB status was given, so these candidates accept none; find it out with mero-tee quote verify");
  }
  const path = "quote:$";
  const document = {
    schema_version: 1,
    generated_at_utc: formatRfc3339Utc(ports.nowSeconds()),
    measurement_source: "td_quote",
    quote_field_path: "$",
    source_attest_response_path: flags.quote,
    source_claims_path: flags.claims ?? "",
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
      tcb_statuses: tcbStatuses,
    },
    policy: {
      allowed_tcb_statuses: tcbStatuses.map(({ value }) => value),
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

/** The status that an appraisal gave: that of the command line, or that of claims which are about this very machine. */
async function statusOf(
  ports: Ports,
  { tcbStatus, claims: file }: CandidatesFlags,
  quote: QuoteView,
): Promise<Result<StatusSource | null, Refusal>> {
  if (tcbStatus !== undefined && file !== undefined) {
    return err(refusalOfCli(cliFailure("usage-invalid", "Give --tcb-status or --claims, not both.")));
  }
  if (tcbStatus !== undefined) return ok({ value: tcbStatus, path: "$.local", raw: tcbStatus });
  if (file === undefined) return ok(null);
  const content = await ports.files.read(file, CLAIMS_LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  const json = parseStrictJson(content.value, { maxBytes: CLAIMS_LIMIT_BYTES });
  const unknown = (what: string): Result<never, Refusal> =>
    err(refusalOfCli(cliFailure("input-unrecognised", `${file} ${what}.`)));
  if (!json.ok || !isJsonObject(json.value)) return unknown("is no JSON object of claims");
  const held = holdClaims(json.value, quote);
  if (!held.ok) {
    const { code, sentence } = held.error;
    const message = `The claims in ${file} are refused. ${sentence}`;
    return err({ view: { code, stage: "trust-authority", message }, exitCode: EXIT.refused });
  }
  const { path = "", raw = "" } = held.value.tcbStatusClaim ?? {};
  const value = parseTcbStatus(raw);
  return value.ok ? ok({ value: value.value, path, raw }) : unknown("has a TCB status that is none of Intel's");
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
      claims: optionalFlag(
        String,
        "FILE",
        "Claims of an Intel Trust Authority token about this quote: the TCB status is theirs; whose token it is is not looked at",
      ),
      nonce: optionalFlag(parseNonce, "HEX", "Nonce that the quote was asked with, 32 bytes"),
      machineType: optionalFlag(parseMachineType, "NAME", "Kind of machine that was probed, e.g. c3-standard-4"),
      json: JSON_FLAG,
    },
  },
  docs: commandDocs(
    "Write policy candidates from a quote",
    "Registers come from the quote's bytes, never from what somebody says about it, and claims about another machine are refused. " +
      "Verify the token of the claims first, with quote verify --ita. The document is printed in its released form.",
    {
      does: "what did this probe see?",
      line: "mero-tee policy candidates --quote quote.bin --tcb-status UpToDate > candidates.json",
    },
  ),
});
