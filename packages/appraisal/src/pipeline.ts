import type { Case } from "./case.ts";
import type { Finding, StepId } from "./step.ts";
import { judgeComposeHash, judgeKeyProvider, judgeMrConfigId } from "./steps/application-steps.ts";
import { judgeAttributes } from "./steps/attribute-step.ts";
import { judgeChannel, judgeClock } from "./steps/environment-steps.ts";
import { judgeBinding, judgeNonce } from "./steps/freshness-steps.ts";
import {
  judgeChain,
  judgeCollateral,
  judgeModule,
  judgeQuotingEnclave,
  judgeRevocation,
  judgeSignature,
} from "./steps/hardware-steps.ts";
import { judgeInput, judgeQuoteForm, judgeSideFields } from "./steps/input-steps.ts";
import { judgeLogForm, judgeReplay } from "./steps/log-steps.ts";
import {
  judgeCompatibility,
  judgeMeasurements,
  judgeProfile,
  judgeReleaseSignatures,
  judgeSelection,
} from "./steps/release-steps.ts";
import { judgeAdvisories, judgeBaseline, judgeTcbStatus } from "./steps/tcb-steps.ts";
import { judgeTrustAuthorityClaims, judgeTrustAuthorityToken } from "./steps/trust-authority-steps.ts";

/** One step: looks at a case, changes nothing, and says what it found. */
type StepFunction = (opened: Case) => Finding | Promise<Finding>;

/** Every step but `verdict`, which rests on all of these. */
export const PIPELINE: Readonly<Record<Exclude<StepId, "verdict">, StepFunction>> = {
  "input.parse": judgeInput,
  "quote.parse": judgeQuoteForm,
  "src.side-fields": judgeSideFields,
  "fresh.nonce": judgeNonce,
  "fresh.binding": judgeBinding,
  "dcap.chain": judgeChain,
  "dcap.crl": judgeRevocation,
  "dcap.qe": judgeQuotingEnclave,
  "dcap.sig": judgeSignature,
  "dcap.collateral": judgeCollateral,
  "tcb.status": judgeTcbStatus,
  "tcb.advisories": judgeAdvisories,
  "tcb.baseline": judgeBaseline,
  "td.attributes": judgeAttributes,
  "td.module": judgeModule,
  "log.parse": judgeLogForm,
  "log.rtmr0": judgeReplay("rtmr0"),
  "log.rtmr1": judgeReplay("rtmr1"),
  "log.rtmr2": judgeReplay("rtmr2"),
  "log.rtmr3": judgeReplay("rtmr3"),
  "app.compose-hash": judgeComposeHash,
  "app.mrconfigid": judgeMrConfigId,
  "app.key-provider": judgeKeyProvider,
  "rel.select": judgeSelection,
  "rel.sigstore": judgeReleaseSignatures,
  "rel.measurements": judgeMeasurements,
  "rel.profile": judgeProfile,
  "rel.compat": judgeCompatibility,
  "ita.token": judgeTrustAuthorityToken,
  "ita.claims": judgeTrustAuthorityClaims,
  "env.clock": judgeClock,
  "chan.binding": judgeChannel,
};
