import type { TcbStatus, VerifiedQuote } from "@mero-tee/tdx-quote";
import { type Brand, type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { type AppraisalPolicy, POLICY_FIELDS, allowedValues } from "./appraisal-policy.ts";
import type { MeasurementField } from "./measurement.ts";
import type { PolicyMismatch, PolicyMismatches } from "./policy-error.ts";

/** What a policy looks at: the TCB status and five registers as 96 lower-case hex digits. */
export interface PolicySubject extends Readonly<Record<MeasurementField, string>> {
  readonly tcbStatus: TcbStatus;
}

/** The outcome of a comparison with a policy. */
export interface PolicyDecision {
  readonly allowed: boolean;
  /** Every mismatch, in the order tcbStatus, mrtd, rtmr0..rtmr3; empty exactly if allowed. */
  readonly mismatches: readonly PolicyMismatch[];
}

/** A quote that was verified and that a policy accepts. Only {@link evaluate} makes one. */
export type AcceptedQuote = Brand<
  { readonly verified: VerifiedQuote; readonly policy: AppraisalPolicy },
  "AcceptedQuote"
>;

/**
 * Compares values with a policy. Each must be in its list; an empty list accepts nothing; all mismatches are named.
 *
 * The values are taken as given: this says nothing about whether a genuine quote shows them ({@link evaluate} does).
 *
 * Source: mero-kms protocol, checks of the key release.
 */
export function evaluatePolicy(subject: PolicySubject, policy: AppraisalPolicy): PolicyDecision {
  const mismatches = POLICY_FIELDS.map((field) => ({
    field,
    actual: subject[field],
    allowed: allowedValues(policy, field),
  })).filter(({ actual, allowed }) => !allowed.includes(actual));
  return { allowed: mismatches.length === 0, mismatches };
}

/**
 * Compares a verified quote with a policy.
 *
 * Errors: `policy-mismatch` with every mismatch, and what falls short: the quote is genuine, and not accepted.
 * Source: mero-kms protocol, checks of the key release.
 */
export function evaluate(verified: VerifiedQuote, policy: AppraisalPolicy): Result<AcceptedQuote, PolicyMismatches> {
  const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = verified.quote.report;
  const decision = evaluatePolicy({ tcbStatus: verified.tcbStatus, mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }, policy);
  if (!decision.allowed) {
    return err({ code: "policy-mismatch", mismatches: decision.mismatches, short: verified.short });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand says that the policy accepted
  return ok({ verified, policy } as AcceptedQuote);
}
