/**
 * TDX quotes: bytes in, judged evidence out. Runs wherever WebCrypto does; time, network and files come in as arguments.
 *
 * Fetching and caching of collateral is under `@mero-tee/tdx-quote/collateral`.
 */
export { failure, FAILURE_CODES, STAGES } from "./failure.ts";
export type { Failure, FailureCode, FailureFacts, ShortComponent, Stage } from "./failure.ts";
export { describeFailure, describeShort } from "./describe-failure.ts";
export type { FixedHex } from "./fixed-hex.ts";

export { describeQuote, parseQuote, QUOTE_LIMIT_BYTES } from "./quote.ts";
export type { QuoteView, TdxQuote } from "./quote.ts";
export type { QuoteHeader } from "./quote-header.ts";
export type { CertificationData, CertificationDataType } from "./quote-signature-section.ts";
export { MEASUREMENT_REGISTERS } from "./td-report.ts";
export type { MeasurementRegister, TdReport } from "./td-report.ts";
export type { QeReport } from "./qe-report.ts";

export { COLLATERAL_LIMIT_BYTES, encodeCollateral, parseCollateral } from "./collateral-bundle.ts";
export type { Collateral, CollateralBundle } from "./collateral-bundle.ts";
export type { SgxTcbInfo, TcbInfo, TdxModule, TdxModuleIdentity, TdxTcbInfo } from "./tcb-info.ts";
export type { EnclaveId, QeIdentity } from "./qe-identity.ts";
export type { ComponentStatus, Descending, IsvSvnLevel, TcbLevel, TcbLevelStatus } from "./tcb-level.ts";
export type { Certificate } from "./certificate.ts";
export type { Crl } from "./crl.ts";

export { TCB_STATUSES } from "./tcb-status.ts";
export type { LevelAdvisory, TcbJudgement, TcbStatus } from "./tcb-status.ts";
export { judgeTdAttributes, xfamWarnings } from "./td-attributes.ts";
export type { AttributeOptions, QuoteWarning } from "./td-attributes.ts";
export type { SgxType } from "./sgx-extension.ts";

export { verifyQuote } from "./verify-quote.ts";
export type { VerifiedQuote, VerifyOptions } from "./verify-quote.ts";
export { createQuoteVerifier } from "./quote-verifier.ts";
export type { QuoteVerifier, QuoteVerifierOptions } from "./quote-verifier.ts";
export { forecastTcb } from "./forecast-tcb.ts";
export type { ForecastOptions, TcbForecast } from "./forecast-tcb.ts";
export { readPckCertificates, verifyPckChain } from "./verify-pck-chain.ts";
export type { PckChainOptions, PlatformModel } from "./verify-pck-chain.ts";
export { INTEL_SGX_ROOT_CA } from "./intel-root-ca.ts";

export { parseEventLog } from "./parse-event-log.ts";
export { EVENT_LOG_REGISTERS } from "./event-log.ts";
export type { EventLog, EventLogEvent, EventLogFormat, EventLogRegister } from "./event-log.ts";
export { compareReplay, extendRegister, replayEventLog, verifyReplay } from "./replay.ts";
export type { RegisterReplay, RegisterValues, ReplayComparison, ReplayedRegisters } from "./replay.ts";
export {
  DSTACK_RUNTIME_EVENT_TYPE,
  dstackRuntimeEventDigest,
  dstackRuntimeEventPreimage,
} from "./dstack-runtime-event.ts";
export type { DstackEventVersion } from "./dstack-runtime-event.ts";
export { appId, composeHash, findRuntimeEvent, listRuntimeEvents } from "./runtime-event-lookup.ts";
export type { RuntimePhase } from "./runtime-event-lookup.ts";

export { isValidInstant } from "./instant.ts";
export { formatRfc3339Utc, parseRfc3339Utc } from "./utc-time.ts";
