import { z } from "zod";
import { PROBLEMS, type RefusalReason, REFUSAL_REASONS } from "./problems.ts";

/** A problem as callers see it; `error` repeats it in one sentence for clients of the first version. */
export const problemSchema: z.ZodType<ProblemBody> = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.literal(Object.keys(PROBLEMS)),
  error: z.string(),
  reason: z.enum(REFUSAL_REASONS).optional(),
});

/** The members of a problem. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly code: string;
  readonly error: string;
  readonly reason?: RefusalReason | undefined;
}
