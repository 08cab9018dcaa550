import { buildCommand, type Command } from "@stricli/core";
import { describeQuote, parseQuote } from "@mero-tee/tdx-quote";

import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfEvidence } from "../failure-view.ts";
import { fileArgument } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { loadQuoteBytes } from "../quote-file.ts";
import { quoteText } from "../quote-view.ts";

async function inspectQuote(ports: Ports, _flags: CommonFlags, file: string): Promise<Report> {
  const bytes = await loadQuoteBytes(ports.files, file);
  if (!bytes.ok) return reportRefusal(refusalOfCli(bytes.error), { quote: null });
  const parsed = parseQuote(bytes.value);
  if (!parsed.ok) return reportRefusal(refusalOfEvidence(parsed.error), { quote: null });
  const quote = describeQuote(parsed.value);
  return reportSuccess(
    { quote },
    (paint) =>
      `${quoteText(quote, paint)}\n${paint.dim("Parsed, not verified: these are claims until `mero-tee quote verify` says so.")}\n`,
  );
}

/** `mero-tee quote inspect FILE`: what a quote says, without judging it. */
export const quoteInspectCommand: Command<CliContext> = buildCommand({
  func: reporting<CommonFlags, [string]>(inspectQuote),
  parameters: {
    flags: { json: JSON_FLAG },
    positional: {
      kind: "tuple",
      parameters: [
        fileArgument("Quote: raw bytes, hex, base64 or a JSON document that carries one; - for standard input"),
      ],
    },
  },
  docs: commandDocs(
    "Show what a quote says, without judging it",
    "Parses a TDX quote (version 4 or 5) and prints its TD report. Nothing is verified. Exit code 10 when it is no TDX quote.",
    { does: "what does this quote measure?", line: "mero-tee quote inspect quote.bin" },
  ),
});
