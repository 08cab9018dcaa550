import type { Failure } from "./failure.ts";
import type { P256Verifier } from "./p256.ts";
import { err, type Result } from "./result.ts";
import type { SignatureCheck } from "./signature-checks.ts";

/** Takes note of what a judgement rests on, in the order of its stages. */
export interface RequiredSignatures {
  /** Requires a good signature; `problem` is the verdict where it is not. The judge goes on as if it were. */
  readonly require: (check: SignatureCheck, problem: Failure) => void;
  /**
   * Does something once every signature required before has proved good: remembers what rests on them. Until then a caller may have
   * changed the bytes that were judged, so the action must hold copies.
   */
  readonly onceGood: (action: () => void) => void;
}

type Action = () => void;

/**
 * Judges as if every signature were good, then lets the signatures decide: the verdict is the first that is not, and what the judge
 * says only where all are. That is the verdict of judging and waiting in turns, since a judge ends with the first thing that it
 * finds wrong by itself. But nothing is read after a signature that could be read before: checks that were started run beside the
 * judge, and all others are begun before the first verdict is looked at.
 *
 * @param judge - remembers nothing but by {@link RequiredSignatures.onceGood}, and is total: what it reads may be forged
 */
export async function judgeWithSignatures<T>(
  verifier: P256Verifier,
  judge: (signatures: RequiredSignatures) => Result<T, Failure>,
): Promise<Result<T, Failure>> {
  const steps: (Action | { readonly check: SignatureCheck; readonly problem: Failure })[] = [];
  const judged = judge({
    require: (check, problem) => void steps.push({ check, problem }),
    onceGood: (action) => void steps.push(action),
  });
  const begun = steps.map((step) =>
    typeof step === "function" ? step : { verdict: beginCheck(step.check, verifier), problem: step.problem },
  );
  for (const step of begun) {
    if (typeof step === "function") step();
    else if (!(await step.verdict)) return err(step.problem);
  }
  return judged;
}

function beginCheck({ publicKey, signature, message }: SignatureCheck, verifier: P256Verifier): Promise<boolean> {
  return publicKey === null ? Promise.resolve(false) : verifier.verify(publicKey, signature, message);
}
