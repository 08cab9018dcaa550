import type { KmsErrorCode } from "@mero-tee/kms-protocol";
import { err } from "@mero-tee/tdx-quote/result";

/** A refused request: the code decides status and tag. */
export interface Refusal {
  readonly code: KmsErrorCode;
  /** One sentence for the caller; never key bytes, nonces, file paths or host names. */
  readonly details?: string;
  /** For the log only, under the same rule for secrets. */
  readonly cause?: string;
}

/** Refuses. */
export function refuse(
  code: KmsErrorCode,
  details?: string,
  cause?: string,
): { readonly ok: false; readonly error: Refusal } {
  return err({ code, ...(details === undefined ? {} : { details }), ...(cause === undefined ? {} : { cause }) });
}
