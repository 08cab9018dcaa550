import { z } from "zod";
import { ITA_REGIONS } from "./verify-answer.ts";

/** The keys with which Intel Trust Authority signs, as it published them; their chain is the reader's to judge. */
export interface ItaKeysAnswer {
  readonly keys: readonly unknown[];
  readonly portal: string;
  readonly fetched_at: string;
}

/** Judges a key set. Source: docs/verifier-api.md. */
export const itaKeysSchema: z.ZodType<ItaKeysAnswer> = z.strictObject({
  keys: z.array(z.unknown()),
  portal: z.string(),
  fetched_at: z.string(),
});

/** The body of `POST /api/ita/appraise`. */
export interface ItaAppraiseRequest {
  readonly quote_b64: string;
}

/** Judges the body of `POST /api/ita/appraise`. */
export const itaAppraiseRequestSchema: z.ZodType<ItaAppraiseRequest> = z.strictObject({ quote_b64: z.string() });

/** A second opinion on a quote. The token is the reader's to judge. */
export interface ItaAppraisal {
  readonly ita_token: string;
  readonly ita_response: { readonly token: string };
  readonly requested_at: string;
  readonly region: (typeof ITA_REGIONS)[number];
}

/** Judges the answer of `POST /api/ita/appraise`. */
export const itaAppraisalSchema: z.ZodType<ItaAppraisal> = z.strictObject({
  ita_token: z.string(),
  ita_response: z.strictObject({ token: z.string() }),
  requested_at: z.string(),
  region: z.enum(ITA_REGIONS),
});
