import { parseCollateral, type Collateral } from "./collateral-bundle.ts";
import type { Endorsements } from "./endorsements.ts";
import { failure, type Failure, type ShortComponent } from "./failure.ts";
import { requireInstant } from "./instant.ts";
import { INTEL_SGX_ROOT_CA } from "./intel-root-ca.ts";
import { judgeEndorsements } from "./judge-endorsements.ts";
import { judgeQeReport, type QuoteContext } from "./judge-quote-signatures.ts";
import { judgeTcb, tcbSubjectOf } from "./judge-tcb.ts";
import { NO_MEMORY } from "./judgement-memory.ts";
import { prepareAnchor } from "./prepared-anchor.ts";
import type { TdxQuote } from "./quote.ts";
import { judgeWithSignatures } from "./required-signatures.ts";
import { err, ok, type Result } from "./result.ts";
import type { TcbStatus } from "./tcb-status.ts";
import type { VerifiedQuote, VerifyOptions } from "./verify-quote.ts";

/** When a forecast is made, and under which trust anchor: that of the verification. */
export type ForecastOptions = Pick<VerifyOptions, "now" | "rootCa">;

/** What a platform will be when the early collateral becomes the standard one. */
export interface TcbForecast {
  /** Null where the platform will get no status: {@link refusal} says why. */
  readonly tcbStatus: TcbStatus | null;
  readonly advisoryIds: readonly string[];
  /** Numbers of the TCB recovery that the early documents belong to. */
  readonly tcbEvaluationDataNumber: VerifiedQuote["tcbEvaluationDataNumber"];
  /** What is missing: for the best status that Intel lists or, where there will be no status, for any. */
  readonly short: readonly ShortComponent[];
  /** What verification will refuse the platform for, at stage `tcb-status`; null where it will not. */
  readonly refusal: Failure | null;
}

/** Refuses collateral of an earlier TCB recovery: what is past is no forecast. */
function refuseOlder(
  standard: VerifiedQuote["tcbEvaluationDataNumber"],
  early: TcbForecast["tcbEvaluationDataNumber"],
): Failure | null {
  const documents = [
    { subject: "evaluation data number of the TCB info", expected: standard.tcbInfo, actual: early.tcbInfo },
    { subject: "evaluation data number of the QE identity", expected: standard.qeIdentity, actual: early.qeIdentity },
  ];
  const older = documents.find(({ expected, actual }) => actual < expected);
  return older === undefined ? null : failure("forecast", "early-collateral-older", older);
}

/**
 * Says what a verified quote's platform will be judged as when Intel's early collateral (`update=early`) becomes the standard
 * one. The early collateral is judged by the code that judges any other, up to the quoting enclave; a platform that it
 * leaves without a status is a forecast and not a failure.
 *
 * @param early - text of a bundle, or a parsed one; with certification data types 1 to 4 it needs the PCK chain too
 * Errors: every code of the stages `collateral-parse` to `qe-report`, for the early collateral; `early-collateral-older`. None of
 * them takes anything from the verified quote. Rejects with RangeError when `now` is no whole Unix second.
 * Source: Intel PCS API v4, `update` of "Get TCB Info" and "Get Quoting Enclave Identity".
 */
export async function forecastTcb(
  { quote, tcbEvaluationDataNumber: standard }: VerifiedQuote,
  early: Collateral | string,
  { now, rootCa = INTEL_SGX_ROOT_CA }: ForecastOptions,
): Promise<Result<TcbForecast, Failure>> {
  requireInstant(now);
  const anchor = prepareAnchor(rootCa);
  const parsed = typeof early === "string" ? parseCollateral(early) : ok(early);
  if (!parsed.ok) return parsed;
  return judgeWithSignatures(anchor.createVerifier(), (signatures) => {
    const context = { anchor, certificates: anchor.certificates(), now, memory: NO_MEMORY, signatures };
    const endorsements = judgeEndorsements(quote, parsed.value, context);
    return endorsements.ok ? forecast(quote, endorsements.value, standard, context) : endorsements;
  });
}

function forecast(
  quote: TdxQuote,
  endorsements: Endorsements,
  standard: VerifiedQuote["tcbEvaluationDataNumber"],
  context: QuoteContext,
): Result<TcbForecast, Failure> {
  const { pck, collateral } = endorsements;
  const { tcbInfo, qeIdentity } = collateral;
  const tcbEvaluationDataNumber = {
    tcbInfo: tcbInfo.tcbEvaluationDataNumber,
    qeIdentity: qeIdentity.tcbEvaluationDataNumber,
  };
  const problem = refuseOlder(standard, tcbEvaluationDataNumber) ?? judgeQeReport(quote, endorsements, context);
  if (problem !== null) return err(problem);
  const tcb = judgeTcb(tcbSubjectOf(quote, pck.extension), tcbInfo, qeIdentity);
  const judgement = tcb.ok ? tcb.value : tcb.error.judgement;
  const refusal = tcb.ok ? null : tcb.error;
  return ok({
    tcbStatus: judgement?.tcbStatus ?? null,
    advisoryIds: judgement?.advisoryIds ?? [],
    tcbEvaluationDataNumber,
    short: judgement?.short ?? refusal?.facts.short ?? [],
    refusal,
  });
}
