import { err } from "@mero-tee/tdx-quote/result";
import type { ProblemCode, RefusalReason } from "./wire/problems.ts";

/** Why a request is not answered: a word of the wire, and a sentence that repeats nothing of what others sent. */
export interface Problem {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly reason?: RefusalReason;
  readonly retryAfterSeconds?: number;
}

/** A problem as the error of a result. */
export function refuse(
  code: ProblemCode,
  detail: string,
  more: Omit<Problem, "code" | "detail"> = {},
): { readonly ok: false; readonly error: Problem } {
  return err({ code, detail, ...more });
}
