import type { TcbStatus, VerifiedQuote } from "@mero-tee/tdx-quote";
import { type Brand, type Result, err, ok } from "@mero-tee/tdx-quote/result";

import { type AppraisalPolicy, POLICY_FIELDS, allowedValues } from "./appraisal-policy.ts";
import type { MeasurementField } from "./measurement.ts";
import { findMeasurementSet, type MeasurementSetName, nameOfSet, type NearestSet } from "./measurement-set.ts";
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
  /** A policy with sets: the one that the registers match as a whole, whatever the TCB status. */
  readonly measurementSet?: MeasurementSetName;
  /** A policy with sets of which none matches: the one that comes nearest. */
  readonly nearestSet?: NearestSet;
}

/** A quote that was verified and that a policy accepts. Only {@link evaluate} makes one. */
export type AcceptedQuote = Brand<
  {
    readonly verified: VerifiedQuote;
    readonly policy: AppraisalPolicy;
    /** The set that it matches; absent for a policy without sets. */
    readonly measurementSet?: MeasurementSetName;
  },
  "AcceptedQuote"
>;

/**
 * Compares values with a policy. The TCB status must be in its list. The registers must be those of one set as a whole, where
 * the policy has sets; else each must be in its own list. An empty list accepts nothing; all mismatches are named.
 *
 * The values are taken as given: this says nothing about whether a genuine quote shows them ({@link evaluate} does).
 *
 * Source: docs/protocol.md.
 */
export function evaluatePolicy(subject: PolicySubject, policy: AppraisalPolicy): PolicyDecision {
  const best = findMeasurementSet(subject, policy.measurementSets ?? []);
  const mismatches = POLICY_FIELDS.map((field) => ({
    field,
    actual: subject[field],
    // Of the sets only one may speak: the values of all of them together are the five lists again.
    allowed: best === null || field === "tcbStatus" ? allowedValues(policy, field) : [best.set[field]],
  })).filter(({ actual, allowed }) => !allowed.includes(actual));
  const decision = { allowed: mismatches.length === 0, mismatches };
  if (best === null) return decision;
  const name = nameOfSet(best.set);
  return best.differs.length === 0
    ? { ...decision, measurementSet: name }
    : { ...decision, nearestSet: { ...name, differs: best.differs } };
}

/**
 * Compares a verified quote with a policy.
 *
 * Errors: `policy-mismatch` with every mismatch, and what falls short: the quote is genuine, and not accepted.
 * Source: docs/protocol.md.
 */
export function evaluate(verified: VerifiedQuote, policy: AppraisalPolicy): Result<AcceptedQuote, PolicyMismatches> {
  const { mrtd, rtmr0, rtmr1, rtmr2, rtmr3 } = verified.quote.report;
  const decision = evaluatePolicy({ tcbStatus: verified.tcbStatus, mrtd, rtmr0, rtmr1, rtmr2, rtmr3 }, policy);
  const { allowed, mismatches, measurementSet, nearestSet } = decision;
  if (!allowed) {
    const nearest = nearestSet === undefined ? {} : { nearestSet };
    return err({ code: "policy-mismatch", mismatches, ...nearest, short: verified.short });
  }
  const matched = measurementSet === undefined ? {} : { measurementSet };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand says that the policy accepted
  return ok({ verified, policy, ...matched } as AcceptedQuote);
}
