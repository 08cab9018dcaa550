import { parseCollateralSharing, type Collateral } from "./collateral-bundle.ts";
import type { Endorsements } from "./endorsements.ts";
import { equalBytes } from "./equal-bytes.ts";
import { failure, type Failure } from "./failure.ts";
import { bytesOfHex } from "./fixed-hex.ts";
import { toHex } from "./hex.ts";
import { requireInstant } from "./instant.ts";
import { INTEL_SGX_ROOT_CA, type TrustAnchor } from "./intel-root-ca.ts";
import {
  judgeEndorsements,
  startEarlyCollateral,
  startEarlyQuote,
  type JudgementContext,
} from "./judge-endorsements.ts";
import { judgeQeReport, judgeQuoteSignature } from "./judge-quote-signatures.ts";
import { judgeTcb, tcbSubjectOf } from "./judge-tcb.ts";
import { NO_MEMORY, type Verification } from "./judgement-memory.ts";
import { prepareAnchor } from "./prepared-anchor.ts";
import { parseQuote, type TdxQuote } from "./quote.ts";
import { judgeWithSignatures } from "./required-signatures.ts";
import { err, ok, type Brand, type Result } from "./result.ts";
import type { SgxType } from "./sgx-extension.ts";
import { judgeTdAttributes, xfamWarnings, type AttributeOptions, type QuoteWarning } from "./td-attributes.ts";
import type { TcbJudgement } from "./tcb-status.ts";
import { intersectWindows } from "./validity-window.ts";

/** What a caller decides about one verification. No option turns a check off but the two of {@link AttributeOptions}. */
export interface VerifyOptions extends AttributeOptions {
  /** Time of judgement, whole Unix seconds. */
  readonly now: number;
  /** DER of the trust anchor; Intel's SGX root CA when absent. Another one is for simulated platforms only. */
  readonly rootCa?: Uint8Array;
  /** 64 bytes that the quote must carry, compared in constant time. */
  readonly expectedReportData?: Uint8Array;
}

/** Options of a verification whose anchor is chosen. */
export type RunOptions = Omit<VerifyOptions, "rootCa">;

interface VerifiedFields extends TcbJudgement {
  readonly quote: TdxQuote;
  /**
   * The first instant at which something this verdict stands on ends, Unix seconds: the verdict must not be used after it.
   */
  readonly earliestExpiration: number;
  /** Numbers of the TCB recovery that the documents belong to; they may differ during a roll-over. */
  readonly tcbEvaluationDataNumber: { readonly tcbInfo: number; readonly qeIdentity: number };
  /** Platform model, 6 bytes in lower-case hex. */
  readonly fmspc: string;
  /** 2 bytes in lower-case hex. */
  readonly pceId: string;
  /** Names one physical platform, 16 bytes in lower-case hex. */
  readonly ppid: string;
  readonly sgxType: SgxType;
  readonly trustAnchor: TrustAnchor;
  /** Oddities that are no refusal. */
  readonly warnings: readonly QuoteWarning[];
}

/**
 * A quote that a genuine platform made for this content, with fresh collateral. Whether its status and measurements are
 * acceptable is for a policy. Only verification makes one.
 */
export type VerifiedQuote = Brand<VerifiedFields, "VerifiedQuote">;

const REPORT_DATA_BYTES = 64;

/** Options with everything a caller could change later copied. */
interface Request {
  readonly now: number;
  readonly expectedReportData: Uint8Array | null;
  readonly attributes: AttributeOptions;
}

function takeRequest(options: RunOptions): Request {
  const { now, expectedReportData, allowDebug = false, allowServiceTd = false } = options;
  requireInstant(now);
  if (expectedReportData !== undefined && expectedReportData.length !== REPORT_DATA_BYTES) {
    throw new RangeError(`expectedReportData must have 64 bytes, not ${expectedReportData.length}`);
  }
  return {
    now,
    expectedReportData: expectedReportData === undefined ? null : new Uint8Array(expectedReportData),
    attributes: { allowDebug, allowServiceTd },
  };
}

function judgeReportData(quote: TdxQuote, expected: Uint8Array | null): Failure | null {
  if (expected === null || equalBytes(bytesOfHex(quote.report.reportData), expected)) return null;
  return failure("report-data", "report-data-mismatch", { expected: toHex(expected), actual: quote.report.reportData });
}

/** Stages `qe-report` to `report-data`. */
function judgeQuote(
  quote: TdxQuote,
  endorsements: Endorsements,
  request: Request,
  context: JudgementContext,
): Result<VerifiedFields, Failure> {
  const { collateral, pck } = endorsements;
  const { tcbInfo, qeIdentity } = collateral;
  const signatureProblem = judgeQeReport(quote, endorsements, context) ?? judgeQuoteSignature(quote, context);
  if (signatureProblem !== null) return err(signatureProblem);
  const tcb = judgeTcb(tcbSubjectOf(quote, pck.extension), tcbInfo, qeIdentity);
  if (!tcb.ok) return tcb;
  const attributes = judgeTdAttributes(quote.report, request.attributes);
  if (!attributes.ok) return attributes;
  const reportDataProblem = judgeReportData(quote, request.expectedReportData);
  if (reportDataProblem !== null) return err(reportDataProblem);
  return ok({
    quote,
    ...tcb.value,
    earliestExpiration: intersectWindows([collateral.window, pck.window]).notAfter,
    tcbEvaluationDataNumber: {
      tcbInfo: tcbInfo.tcbEvaluationDataNumber,
      qeIdentity: qeIdentity.tcbEvaluationDataNumber,
    },
    fmspc: pck.extension.fmspcHex,
    pceId: pck.extension.pceIdHex,
    ppid: pck.extension.ppidHex,
    sgxType: pck.extension.sgxType,
    trustAnchor: context.anchor.trustAnchor,
    warnings: xfamWarnings(quote.report),
  });
}

/**
 * The one path of verification: with a memory it is `createQuoteVerifier`'s, without one {@link verifyQuote}'s.
 *
 * Rejects with RangeError for a wrong `now` or `expectedReportData`.
 */
export async function runVerification(
  quote: Uint8Array | TdxQuote,
  collateral: Collateral | string,
  options: RunOptions,
  verification: Verification,
): Promise<Result<VerifiedQuote, Failure>> {
  const { anchor, memory, verifier } = verification;
  const request = takeRequest(options);
  const parsed = quote instanceof Uint8Array ? parseQuote(quote) : ok(quote);
  if (!parsed.ok) return parsed;
  const reading = { anchor, certificates: anchor.certificates() };
  const taken =
    typeof collateral === "string"
      ? parseCollateralSharing(collateral, reading.certificates, (signed) => {
          // With a memory most of these checks may turn out to be unnecessary.
          if (memory !== NO_MEMORY) return;
          // All at once: to wake a thread for the first of some checks costs nearly as much as a check, and for the others little.
          // Those of the collateral first, since most of these are by the root, whose key is there already.
          startEarlyCollateral(signed, reading, verifier);
          startEarlyQuote(parsed.value, reading, verifier);
        })
      : ok(collateral);
  if (!taken.ok) return taken;
  const judged = await judgeWithSignatures(verifier, (signatures) => {
    const context = { ...reading, now: request.now, memory, signatures };
    const endorsements = judgeEndorsements(parsed.value, taken.value, context);
    return endorsements.ok ? judgeQuote(parsed.value, endorsements.value, request, context) : endorsements;
  });
  if (!judged.ok) return judged;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand says that every stage was passed, and every signature is good
  return ok(Object.freeze(judged.value) as VerifiedQuote);
}

/**
 * Verifies a TDX quote: that a genuine platform, known to Intel and not revoked, made it; with collateral that is fresh at `now`.
 *
 * Stages run in the order of {@link STAGES}; the first one that fails gives the code, and nothing after it counts. Success
 * carries any TCB status but `Revoked`: whether it is good enough, and whether the measurements are, is for a policy.
 *
 * @param quote - bytes (copied on entry), or a parsed quote
 * @param collateral - text of a bundle, or a parsed one, which is not parsed again
 * Errors: every code of every stage up to `report-data`. Rejects with RangeError when `now` is no whole Unix second, or `expectedReportData`
 * has not 64 bytes: mistakes of the caller, not verdicts.
 * Source: Intel TDX DCAP Quoting Library API; Intel SGX DCAP Quote Verification Library; Intel PCS API v4.
 */
export async function verifyQuote(
  quote: Uint8Array | TdxQuote,
  collateral: Collateral | string,
  options: VerifyOptions,
): Promise<Result<VerifiedQuote, Failure>> {
  const anchor = prepareAnchor(options.rootCa ?? INTEL_SGX_ROOT_CA);
  return runVerification(quote, collateral, options, { anchor, memory: NO_MEMORY, verifier: anchor.createVerifier() });
}
