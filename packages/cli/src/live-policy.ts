import type { Report as AppraisalReport } from "@mero-tee/appraisal";
import { type AppraisalPolicy, evaluatePolicy, parseMeasurement } from "@mero-tee/policy";
import { err, ok, type Result } from "@mero-tee/tdx-quote/result";

import { reportAppraisal } from "./appraisal/appraisal-view.ts";
import { cliFailure } from "./cli-failure.ts";
import { refusalOfCli, refusalOfPolicy, type Refusal } from "./failure-view.ts";

/**
 * A policy with the RTMR3 that one live KMS has, for who compares it exactly: behind dstack's gateway the register holds a random
 * instance id, so that it is another one for every replica, and none is published.
 *
 * Only an appraisal that ended in `verified` says that the register is that of the released composition. The policy must accept the rest.
 *
 * Errors: the verdict's; `policy-mismatch` where the policy at hand is not the one of this KMS.
 */
export function withLiveRtmr3(policy: AppraisalPolicy, report: AppraisalReport): Result<AppraisalPolicy, Refusal> {
  const { failure, exitCode } = reportAppraisal(report, { allowCaution: false, allowSimulated: false });
  if (failure !== null) return err({ view: failure, exitCode });
  const { quote, tcb } = report.facts;
  const rtmr3 = parseMeasurement(quote?.rtmr3 ?? "");
  if (quote === null || tcb === null || !rtmr3.ok) {
    return err(refusalOfCli(cliFailure("unexpected", "A verified appraisal has no quote in it.")));
  }
  const { mrtd, rtmr0, rtmr1, rtmr2 } = quote;
  const live = { ...policy, rtmr3: [...new Set([...policy.rtmr3, rtmr3.value])] };
  const decision = evaluatePolicy({ mrtd, rtmr0, rtmr1, rtmr2, rtmr3: rtmr3.value, tcbStatus: tcb.status }, live);
  if (decision.allowed) return ok(live);
  return err(refusalOfPolicy({ code: "policy-mismatch", mismatches: decision.mismatches }));
}
