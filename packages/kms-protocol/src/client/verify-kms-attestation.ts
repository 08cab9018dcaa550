import { type AcceptedQuote, type AppraisalPolicy, evaluate } from "@mero-tee/policy";
import { type Collateral, type Failure, type TdxQuote, verifyQuote } from "@mero-tee/tdx-quote";
import { type Result, err } from "@mero-tee/tdx-quote/result";

import type { ReceivedAttestation } from "../answers.ts";
import {
  type AskedReportData,
  type KmsAttestationFailure,
  type KmsEvidence,
  type KmsVerifier,
  readKmsEvidence,
} from "./kms-evidence.ts";

/** What evidence about a KMS is judged by. */
export interface KmsTrust {
  /** Reference values of role `kms`. RTMR3 is compared exactly, as nodes do. */
  readonly policy: AppraisalPolicy;
  /** The instant of judgement, Unix seconds. */
  readonly now: number;
  /** DER of the root that takes the place of Intel's, for simulated platforms only. */
  readonly rootCa?: Uint8Array;
  /** Finds the collateral for a quote that is not verified yet. */
  readonly collateralFor: (quote: TdxQuote) => Promise<Result<Collateral, Failure>>;
}

/**
 * Verifies a KMS's answer to `POST /attest`: report data (the answer's word and the quote's own), signatures and
 * collateral, then the policy.
 *
 * @returns the accepted quote; only then may a node ask this KMS for its key
 * Errors: every {@link KmsAttestationFailure}.
 * Source: docs/protocol.md.
 */
export async function verifyKmsAttestation(
  received: ReceivedAttestation,
  asked: AskedReportData,
  trust: KmsTrust,
): Promise<Result<AcceptedQuote, KmsAttestationFailure>> {
  const evidence = readKmsEvidence(received, asked);
  return evidence.ok ? judgeEvidence(evidence.value, trust) : evidence;
}

/**
 * The same judgement as a port for conversations that have read the evidence already.
 *
 * Throws TypeError for a policy of another role: a node policy says nothing about a KMS.
 */
export function createKmsVerifier(trust: KmsTrust): KmsVerifier {
  refuseOtherRoles(trust.policy);
  return (evidence) => judgeEvidence(evidence, trust);
}

async function judgeEvidence(
  evidence: KmsEvidence,
  trust: KmsTrust,
): Promise<Result<AcceptedQuote, KmsAttestationFailure>> {
  refuseOtherRoles(trust.policy);
  const collateral = await trust.collateralFor(evidence.quote);
  if (!collateral.ok) return err({ code: "kms-collateral-unavailable", cause: collateral.error });
  const verified = await verifyQuote(evidence.quote, collateral.value, {
    now: trust.now,
    expectedReportData: evidence.expectedReportData,
    ...(trust.rootCa === undefined ? {} : { rootCa: trust.rootCa }),
  });
  if (!verified.ok) return err({ code: "kms-quote-refused", cause: verified.error });
  const accepted = evaluate(verified.value, trust.policy);
  return accepted.ok ? accepted : err({ code: "kms-policy-refused", cause: accepted.error });
}

function refuseOtherRoles(policy: AppraisalPolicy): void {
  if (policy.role !== "kms") throw new TypeError("a KMS is judged by a policy of role kms");
}
