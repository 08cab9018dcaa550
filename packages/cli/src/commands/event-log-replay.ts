import { buildCommand, type Command } from "@stricli/core";
import { PROFILES, type Profile } from "@mero-tee/policy";
import {
  appId,
  compareReplay,
  composeHash,
  parseEventLog,
  parseQuote,
  replayEventLog,
  verifyReplay,
  type EventLog,
  type ReplayComparison,
  type TdxQuote,
} from "@mero-tee/tdx-quote";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { appIdentityText, type IdentityTrust, type ReplayedApplication } from "../app-identity.ts";
import { cliFailure } from "../cli-failure.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { EVENT_LOG_INPUT_LIMIT_BYTES, recogniseEventLog } from "../event-log-input.ts";
import { eventLogText } from "../event-log-view.ts";
import { refusalOfCli, refusalOfEvidence, type Refusal } from "../failure-view.ts";
import { AT_FLAG, fileArgument, optionalFlag, PCCS_FLAG, ROOT_CA_FLAG } from "../flags.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { loadQuoteBytes } from "../quote-file.ts";

const FORMATS = ["auto", "ccel", "dstack"] as const;

interface ReplayFlags extends CommonFlags, IdentityTrust {
  readonly format: (typeof FORMATS)[number];
  readonly quote?: string;
  readonly identityOut?: string;
  readonly profile?: Profile;
}

const NOTHING_KNOWN = {
  format: null,
  events: [],
  replayed: null,
  matchesQuote: null,
  composeHash: null,
  appId: null,
} as const;

async function replay(ports: Ports, flags: ReplayFlags, file: string): Promise<Report> {
  const misuse = misuseOf(flags);
  if (misuse !== null) return reportRefusal(refusalOfCli(cliFailure("usage-invalid", misuse)), NOTHING_KNOWN);
  const log = await loadEventLog(ports, flags.format, file);
  if (!log.ok) return reportRefusal(log.error, NOTHING_KNOWN);
  const replayed = replayEventLog(log.value);
  const known = { ...NOTHING_KNOWN, format: log.value.format, events: log.value.events, replayed };

  const quote = flags.quote === undefined ? ok(null) : await loadQuote(ports, flags.quote);
  if (!quote.ok) return reportRefusal(quote.error, known);
  const comparison = quote.value === null ? null : compareReplay(log.value, replayed, quote.value.report);
  const compared = { ...known, matchesQuote: comparison === null ? null : matches(comparison) };
  const view = { log: log.value, replayed, comparison };

  const compose = composeHash(log.value);
  const app = appId(log.value);
  const named = {
    ...compared,
    composeHash: compose.ok ? compose.value : null,
    appId: app.ok ? app.value : null,
  };
  const text: Report["text"] = (paint) =>
    eventLogText({ ...view, composeHash: named.composeHash, appId: named.appId }, paint);

  const failed = quote.value === null ? ok(null) : verifyReplay(log.value, quote.value.report);
  if (!failed.ok) return reportRefusal(refusalOfEvidence(failed.error), named, text);
  if (!compose.ok) return reportRefusal(refusalOfEvidence(compose.error), named, text);
  if (!app.ok) return reportRefusal(refusalOfEvidence(app.error), named, text);
  if (quote.value !== null && comparison !== null) {
    const application = { quote: quote.value, comparison, composeHash: compose.value, appId: app.value };
    const written = await writeIdentity(ports, flags, application);
    if (!written.ok) return reportRefusal(written.error, named, text);
  }
  return reportSuccess(named, text);
}

/** `--identity-out`: the file comes to be only where everything held. */
async function writeIdentity(
  ports: Ports,
  flags: ReplayFlags,
  application: ReplayedApplication,
): Promise<Result<null, Refusal>> {
  const { identityOut, profile } = flags;
  if (identityOut === undefined || profile === undefined) return ok(null);
  const identity = await appIdentityText(ports, flags, profile, application);
  if (!identity.ok) return identity;
  const written = await ports.files.write(identityOut, identity.value, "document");
  return written.ok ? written : err(refusalOfCli(written.error));
}

/** What no single flag can see is wrong; null if nothing is. */
function misuseOf({ identityOut, quote, profile, collateral, pccs, at, rootCa }: ReplayFlags): string | null {
  const others = [profile, collateral, pccs, at, rootCa];
  if (identityOut === undefined) {
    const isIdle = others.every((each) => each === undefined);
    return isIdle ? null : "--profile, --collateral, --pccs, --at and --root-ca say nothing without --identity-out.";
  }
  if (quote === undefined || profile === undefined) return "--identity-out needs --quote and --profile.";
  if (collateral !== undefined && pccs !== undefined) return "Give --collateral or --pccs, not both.";
  return null;
}

async function loadEventLog(
  ports: Ports,
  format: ReplayFlags["format"],
  file: string,
): Promise<Result<EventLog, Refusal>> {
  const content = await ports.files.read(file, EVENT_LOG_INPUT_LIMIT_BYTES);
  if (!content.ok) return err(refusalOfCli(content.error));
  // A CCEL that was asked for is binary whatever its first byte looks like.
  const bytes = format === "ccel" ? content : recogniseEventLog(content.value);
  if (!bytes.ok) return err(refusalOfCli(bytes.error));
  const log = parseEventLog(bytes.value, format);
  return log.ok ? log : err(refusalOfEvidence(log.error));
}

async function loadQuote(ports: Ports, file: string): Promise<Result<TdxQuote, Refusal>> {
  const bytes = await loadQuoteBytes(ports.files, file);
  if (!bytes.ok) return err(refusalOfCli(bytes.error));
  const quote = parseQuote(bytes.value);
  return quote.ok ? quote : err(refusalOfEvidence(quote.error));
}

function matches(comparison: ReplayComparison): Record<keyof ReplayComparison, boolean> {
  return {
    rtmr0: comparison.rtmr0.matches,
    rtmr1: comparison.rtmr1.matches,
    rtmr2: comparison.rtmr2.matches,
    rtmr3: comparison.rtmr3.matches,
  };
}

/** `mero-tee event-log replay FILE`: the registers that a log should have produced, beside those of a quote. */
export const eventLogReplayCommand: Command<CliContext> = buildCommand({
  func: reporting<ReplayFlags, [string]>(replay),
  parameters: {
    flags: {
      format: { kind: "enum", values: FORMATS, default: "auto", brief: "Format of the log" },
      quote: optionalFlag(
        String,
        "FILE",
        "Compare with the registers of this quote; without --identity-out it is not verified",
      ),
      identityOut: optionalFlag(
        String,
        "FILE",
        "Verify the quote as well, and write there what runs on the machine, as kms-app-identity.json",
      ),
      profile: {
        kind: "enum",
        values: PROFILES,
        optional: true,
        brief: "Image profile of the KMS, for --identity-out",
      },
      collateral: optionalFlag(String, "FILE", "Collateral bundle, as `collateral fetch` writes it"),
      pccs: PCCS_FLAG,
      at: AT_FLAG,
      rootCa: ROOT_CA_FLAG,
      json: JSON_FLAG,
    },
    positional: {
      kind: "tuple",
      parameters: [
        fileArgument("Event log: a CCEL area, a dstack JSON log, or an answer that carries one; - for standard input"),
      ],
    },
  },
  docs: commandDocs(
    "Replay an event log into registers, and compare them with a quote",
    "Extends four zero registers by the digests of the log. With --quote, exit code 10 unless every register that has events " +
      "equals the quote's (a log without any event must find four zero registers there).",
    {
      does: "does the log that a guest agent gave explain its quote?",
      line: "mero-tee event-log replay answer.json --quote answer.json",
    },
  ),
});
