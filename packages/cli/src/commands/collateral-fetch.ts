import { buildCommand, type Command } from "@stricli/core";
import { encodeCollateral, parseQuote } from "@mero-tee/tdx-quote";
import { ok } from "@mero-tee/tdx-quote/result";

import { fetchCollateralFor } from "../collateral-source.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EXIT } from "../exit-code.ts";
import { refusalOfCli, refusalOfEvidence } from "../failure-view.ts";
import { AT_FLAG, fileArgument, optionalFlag, PCCS_FLAG, ROOT_CA_FLAG } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { loadQuoteBytes } from "../quote-file.ts";
import { loadRootCa } from "../root-ca-file.ts";

interface FetchFlags extends CommonFlags {
  readonly pccs?: string;
  readonly out?: string;
  readonly at?: number;
  readonly rootCa?: string;
  readonly early: boolean;
}

async function fetchCollateral(ports: Ports, flags: FetchFlags, file: string): Promise<Report> {
  const bytes = await loadQuoteBytes(ports.files, file);
  if (!bytes.ok) return reportRefusal(refusalOfCli(bytes.error), {});
  const quote = parseQuote(bytes.value);
  if (!quote.ok) return reportRefusal(refusalOfEvidence(quote.error), {});
  const rootCa = flags.rootCa === undefined ? ok(null) : await loadRootCa(ports.files, flags.rootCa);
  if (!rootCa.ok) return reportRefusal(refusalOfCli(rootCa.error), {});

  const bundle = await fetchCollateralFor(ports, {
    quote: quote.value,
    now: flags.at ?? ports.nowSeconds(),
    ...(rootCa.value === null ? {} : { rootCa: rootCa.value }),
    ...(flags.pccs === undefined ? {} : { serviceUrl: flags.pccs }),
    ...(flags.early ? { update: "early" as const } : {}),
  });
  if (!bundle.ok) return reportRefusal(refusalOfEvidence(bundle.error), {});
  const text = `${encodeCollateral(bundle.value)}\n`;
  if (flags.out === undefined) {
    // The bundle keeps its own form, with and without --json: what is printed is what `quote verify --collateral` reads.
    return { exitCode: EXIT.ok, document: { ...bundle.value }, text: () => text, failure: null };
  }
  const written = await ports.files.write(flags.out, text, "document");
  if (!written.ok) return reportRefusal(refusalOfCli(written.error), { out: null });
  return reportSuccess({ out: flags.out }, (paint) => `${paint.good("✓ Written")}  ${flags.out ?? ""}\n`);
}

/** `mero-tee collateral fetch FILE`: what is needed to verify a quote later, or elsewhere, or without a network. */
export const collateralFetchCommand: Command<CliContext> = buildCommand({
  func: reporting<FetchFlags, [string]>(fetchCollateral),
  parameters: {
    flags: {
      pccs: PCCS_FLAG,
      out: optionalFlag(String, "FILE", "Write the bundle to this file"),
      at: AT_FLAG,
      rootCa: ROOT_CA_FLAG,
      early: {
        kind: "boolean",
        brief: "Fetch the early edition, for `quote verify --forecast`",
        default: false,
        withNegated: false,
      },
      json: JSON_FLAG,
    },
    positional: {
      kind: "tuple",
      parameters: [fileArgument("Quote whose platform is asked for; - for standard input")],
    },
  },
  docs: commandDocs(
    "Fetch the collateral of a quote's platform",
    "Verifies the quote's PCK certificate chain, asks the service about that platform, and prints the bundle. The bundle is not " +
      "verified here; `quote verify` does that with every use.",
    {
      does: "keep what is needed to verify this quote offline",
      line: "mero-tee collateral fetch quote.bin --out collateral.json",
    },
  ),
});
