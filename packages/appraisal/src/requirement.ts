import type { AttesterKind } from "./request.ts";
import type { StepId } from "./step.ts";

/** What decides which steps an appraisal cannot do without. */
export interface Circumstances {
  /** Null: the evidence does not tell, and nobody said. */
  readonly kind: AttesterKind | null;
  readonly hasEventLog: boolean;
  /** Whether that log extends register 3 at all; logs of cloud machines do not. */
  readonly hasRtmr3Events: boolean;
  /**
   * Whether the machine is compared with values that the reader gave, without a compatibility map among them: then there is
   * no release whose documents could contradict each other, and nothing better than `caution` either.
   */
  readonly comparesOwnValues?: boolean;
}

/** Required of everything. */
const ALWAYS: readonly StepId[] = [
  "input.parse",
  "quote.parse",
  "fresh.nonce",
  "dcap.chain",
  "dcap.crl",
  "dcap.qe",
  "dcap.sig",
  "dcap.collateral",
  "tcb.status",
  "td.attributes",
  "td.module",
  "rel.select",
  "rel.sigstore",
  "rel.measurements",
  "rel.profile",
];

const KMS: readonly StepId[] = [
  "fresh.binding",
  "log.parse",
  "log.rtmr0",
  "log.rtmr1",
  "log.rtmr2",
  "log.rtmr3",
  "app.compose-hash",
  "rel.compat",
];

const GIVEN_LOG: readonly StepId[] = ["log.parse", "log.rtmr0", "log.rtmr1", "log.rtmr2"];

/**
 * The steps without which there is no `verified`. A log that is given has to hold, whoever gave it.
 *
 * Source: docs/verifier.md.
 */
export function requiredSteps(circumstances: Circumstances): ReadonlySet<StepId> {
  const { kind, hasEventLog, hasRtmr3Events, comparesOwnValues = false } = circumstances;
  const ofKind: readonly StepId[] = kind === "kms" ? KMS : kind === "node" ? ["fresh.binding"] : [];
  const ofLog: readonly StepId[] = hasEventLog ? [...GIVEN_LOG, ...(hasRtmr3Events ? ["log.rtmr3" as const] : [])] : [];
  const required = new Set([...ALWAYS, ...ofKind, ...ofLog]);
  if (comparesOwnValues) required.delete("rel.compat");
  return required;
}
