import { KMS_TAGS } from "@mero-tee/kms-protocol";
import { z } from "zod";

const errorSchema = z.strictObject({ error: z.enum(KMS_TAGS), details: z.string().optional() });

/** The error statuses of a route: what is not declared does not leave. */
export const errorResponses: { readonly "4xx": z.ZodType; readonly "5xx": z.ZodType } = {
  "4xx": errorSchema,
  "5xx": errorSchema,
};
