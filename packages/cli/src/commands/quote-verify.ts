import { buildCommand, type Command } from "@stricli/core";
import { evaluatePolicy, PROFILES, type AppraisalPolicy, type PolicyRole, type Profile } from "@mero-tee/policy";
import {
  COLLATERAL_LIMIT_BYTES,
  describeQuote,
  INTEL_SGX_ROOT_CA,
  parseQuote,
  verifyPckChain,
  verifyQuote,
  type Collateral,
  type Failure,
  type Stage,
  type TdxQuote,
  type VerifiedQuote,
} from "@mero-tee/tdx-quote";
import { equalBytes } from "@mero-tee/tdx-quote/equal-bytes";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { cliFailure } from "../cli-failure.ts";
import { obtainCollateral } from "../collateral-source.ts";
import { commandDocs, JSON_FLAG, reporting, type CommonFlags } from "../command.ts";
import type { CliContext, Ports } from "../context.ts";
import { refusalOfCli, refusalOfEvidence, refusalOfPolicy, type Refusal } from "../failure-view.ts";
import {
  AT_FLAG,
  fileArgument,
  optionalFlag,
  parseReportData,
  PCCS_FLAG,
  POLICY_FLAG,
  ROOT_CA_FLAG,
} from "../flags.ts";
import type { ForecastFields } from "../forecast-view.ts";
import { reportRefusal, reportSuccess, type Report } from "../output.ts";
import { loadPolicy } from "../policy-file.ts";
import { loadQuoteBytes } from "../quote-file.ts";
import { loadRootCa } from "../root-ca-file.ts";
import { secondOpinion } from "../second-opinion.ts";
import { forecastOf } from "../tcb-forecast.ts";
import { readTrustAuthoritySettings } from "../trust-authority-client.ts";
import {
  knownAfterFailure,
  knownOfVerified,
  nothingKnown,
  verificationText,
  type VerificationFields,
} from "../verification-view.ts";

interface VerifyFlags extends CommonFlags {
  readonly collateral?: string;
  readonly pccs?: string;
  readonly at?: number;
  readonly rootCa?: string;
  readonly reportData?: Uint8Array;
  readonly policy?: string;
  readonly profile?: Profile;
  readonly role?: PolicyRole;
  readonly allowDebug: boolean;
  readonly forecast: boolean;
  readonly earlyCollateral?: string;
  readonly ita: boolean;
}

/** What the command line was right and the files were readable for: everything judged from here on is in memory. */
interface Inputs {
  readonly now: number;
  readonly rootCa: Uint8Array<ArrayBuffer> | null;
  readonly policy: AppraisalPolicy | null;
  /** The early bundle that was given; not even parsed yet. */
  readonly earlyBundle: Uint8Array | null;
}

async function verify(ports: Ports, flags: VerifyFlags, file: string): Promise<Report> {
  const start = nothingKnown(flags.rootCa === undefined ? "intel" : "custom", flags.forecast, flags.ita);
  const misuse = misuseOf(flags);
  if (misuse !== null) return reportRefusal(refusalOfCli(cliFailure("usage-invalid", misuse)), { ...start });

  const bytes = await loadQuoteBytes(ports.files, file);
  if (!bytes.ok) return reportRefusal(refusalOfCli(bytes.error), { ...start });
  const quote = parseQuote(bytes.value);
  if (!quote.ok) return reportRefusal(refusalOfEvidence(quote.error), { ...start });
  const parsed: VerificationFields = { ...start, quote: describeQuote(quote.value) };

  const authority = flags.ita ? readTrustAuthoritySettings(ports.environment) : ok(null);
  if (!authority.ok) return reportRefusal(refusalOfCli(cliFailure("usage-invalid", authority.error)), { ...parsed });
  const inputs = await loadInputs(ports, flags);
  if (!inputs.ok) return reportRefusal(inputs.error, { ...parsed });
  const { now, rootCa } = inputs.value;
  const isIntel = rootCa === null || equalBytes(rootCa, INTEL_SGX_ROOT_CA);
  const platform = await verifyPckChain(quote.value, { now, ...(rootCa === null ? {} : { rootCa }) });
  const fmspc = platform.ok ? platform.value.fmspc : null;
  const located: VerificationFields = { ...parsed, trustAnchor: isIntel ? "intel" : "custom", fmspc };

  const collateral = await obtainCollateral(ports, flags, {
    quote: quote.value,
    now,
    ...(rootCa === null ? {} : { rootCa }),
  });
  if (!collateral.ok) return reportRefusal(collateral.error, { ...located });
  const verified = await verifyQuote(quote.value, collateral.value, {
    now,
    allowDebug: flags.allowDebug,
    ...(rootCa === null ? {} : { rootCa }),
    ...(flags.reportData === undefined ? {} : { expectedReportData: flags.reportData }),
  });
  if (!verified.ok) {
    const known = await knownOfRefused(verified.error, quote.value, collateral.value, located, inputs.value);
    return reportRefusal(refusalOfEvidence(verified.error), { ...known }, (paint) =>
      verificationText({ fields: known, judgement: verified.error.judgement ?? null, now }, paint),
    );
  }
  const forecast = flags.forecast ? await forecastFor(ports, flags, verified.value, inputs.value) : {};
  const known: VerificationFields = { ...knownOfVerified(located, verified.value), ...forecast };
  if (authority.value === null) return reportVerified(verified.value, known, inputs.value);
  const described = { bytes: bytes.value, view: describeQuote(quote.value) };
  const opinion = await secondOpinion(ports, authority.value, described, now);
  // What was verified here stays verified; somebody else who was to confirm it did not.
  if (!opinion.ok) return reportRefusal(opinion.error, { ...known });
  return reportVerified(verified.value, { ...known, secondOpinion: opinion.value }, inputs.value);
}

function forecastFor(
  ports: Ports,
  { pccs }: VerifyFlags,
  verified: VerifiedQuote,
  { now, rootCa, earlyBundle }: Inputs,
): Promise<ForecastFields> {
  return forecastOf(ports, {
    verified,
    now,
    bundle: earlyBundle,
    ...(rootCa === null ? {} : { rootCa }),
    ...(pccs === undefined ? {} : { serviceUrl: pccs }),
  });
}

/** Stages that judge a quote whose platform has been judged before. */
const LATE_STAGES: ReadonlySet<Stage> = new Set(["td-attributes", "report-data"]);

/**
 * What a refused quote still tells about its platform. A quote that failed only for what the TD is or says has a platform
 * that was judged: asking again without those last demands tells how, and changes nothing about the refusal.
 */
async function knownOfRefused(
  failure: Failure,
  quote: TdxQuote,
  collateral: Collateral,
  located: VerificationFields,
  { now, rootCa }: Inputs,
): Promise<VerificationFields> {
  const judged = LATE_STAGES.has(failure.stage)
    ? await verifyQuote(quote, collateral, {
        now,
        allowDebug: true,
        allowServiceTd: true,
        ...(rootCa === null ? {} : { rootCa }),
      })
    : null;
  if (judged?.ok === true) return { ...knownOfVerified(located, judged.value), verified: false };
  return knownAfterFailure(located, failure);
}

function reportVerified(verified: VerifiedQuote, known: VerificationFields, { now, policy }: Inputs): Report {
  const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = verified.quote.report;
  const { tcbStatus, tcbEvaluationDataNumber, warnings, short } = verified;
  const decision = policy === null ? null : evaluatePolicy({ tcbStatus, mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }, policy);
  const fields = { ...known, policy: decision };
  const text: Report["text"] = (paint) =>
    verificationText({ fields, judgement: verified, tcbEvaluationDataNumber, warnings, now }, paint);
  if (decision === null || decision.allowed) return reportSuccess(fields, text);
  const { mismatches, nearestSet } = decision;
  const nearest = nearestSet === undefined ? {} : { nearestSet };
  return reportRefusal(refusalOfPolicy({ code: "policy-mismatch", mismatches, ...nearest, short }), fields, text);
}

/** What no single flag can see is wrong; null if nothing is. */
function misuseOf(flags: VerifyFlags): string | null {
  if (flags.collateral !== undefined && flags.pccs !== undefined) return "Give --collateral or --pccs, not both.";
  if (flags.earlyCollateral !== undefined && !flags.forecast)
    return "--early-collateral says nothing without --forecast.";
  if (flags.forecast && flags.collateral !== undefined && flags.earlyCollateral === undefined) {
    return "With --collateral nothing is fetched, so --forecast needs --early-collateral.";
  }
  if (flags.policy !== undefined && flags.profile === undefined) return "--policy needs --profile.";
  if (flags.policy === undefined && flags.profile !== undefined) return "--profile says nothing without --policy.";
  if (flags.policy === undefined && flags.role !== undefined) return "--role says nothing without --policy.";
  return null;
}

async function loadInputs(ports: Ports, flags: VerifyFlags): Promise<Result<Inputs, Refusal>> {
  const now = flags.at ?? ports.nowSeconds();
  const rootCa = flags.rootCa === undefined ? ok(null) : await loadRootCa(ports.files, flags.rootCa);
  if (!rootCa.ok) return err(refusalOfCli(rootCa.error));
  const early =
    flags.earlyCollateral === undefined
      ? ok(null)
      : await ports.files.read(flags.earlyCollateral, COLLATERAL_LIMIT_BYTES);
  if (!early.ok) return err(refusalOfCli(early.error));
  const inputs: Inputs = { now, rootCa: rootCa.value, policy: null, earlyBundle: early.value };
  if (flags.policy === undefined || flags.profile === undefined) return ok(inputs);
  const policy = await loadPolicy(ports.files, {
    path: flags.policy,
    profile: flags.profile,
    role: flags.role ?? "node",
  });
  return policy.ok ? ok({ ...inputs, policy: policy.value }) : policy;
}

/** `mero-tee quote verify FILE`: is this quote genuine, as of when, and does a policy accept it? */
export const quoteVerifyCommand: Command<CliContext> = buildCommand({
  func: reporting<VerifyFlags, [string]>(verify),
  parameters: {
    flags: {
      collateral: optionalFlag(String, "FILE", "Collateral bundle, as `collateral fetch` writes it"),
      pccs: PCCS_FLAG,
      at: AT_FLAG,
      rootCa: ROOT_CA_FLAG,
      reportData: optionalFlag(parseReportData, "HEX", "Require exactly these 64 bytes of report data"),
      policy: POLICY_FLAG,
      profile: {
        kind: "enum",
        values: PROFILES,
        optional: true,
        brief: "Image profile that the policy must speak for",
      },
      role: {
        kind: "enum",
        values: ["node", "kms"],
        optional: true,
        brief: "Whose values of the policy apply (default: node)",
      },
      allowDebug: {
        kind: "boolean",
        brief: "Accept a debug TD, whose memory its host can read",
        default: false,
        withNegated: false,
      },
      forecast: {
        kind: "boolean",
        brief: "Say what the platform will be when Intel's early collateral becomes the standard one",
        default: false,
        withNegated: false,
      },
      earlyCollateral: optionalFlag(
        String,
        "FILE",
        "Early bundle for --forecast, as `collateral fetch --early` writes it",
      ),
      ita: {
        kind: "boolean",
        brief: "Demand that Intel Trust Authority, asked with ITA_API_KEY, says the same of the machine",
        default: false,
        withNegated: false,
      },
      json: JSON_FLAG,
    },
    positional: {
      kind: "tuple",
      parameters: [
        fileArgument("Quote: raw bytes, hex, base64 or a JSON document that carries one; - for standard input"),
      ],
    },
  },
  docs: commandDocs(
    "Verify a quote, and judge it by a policy",
    "Verifies signatures, certificate chains, revocation lists, freshness of collateral, TCB status and TD attributes. A TCB " +
      "status other than Revoked is reported and left to the policy. Exit code 10 when the quote is not verified or the policy " +
      "refuses it. The policy file itself is taken as it is: verify its signature before you trust it. A forecast changes no verdict and no exit code.",
    {
      does: "was this quote genuine on 25 June 2025?",
      line: "mero-tee quote verify quote.bin --collateral collateral.json --at 2025-06-25T00:00:00Z",
    },
  ),
});
