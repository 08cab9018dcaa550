import type { CollateralBundle } from "@mero-tee/tdx-quote";
import { z } from "zod";

/** Everything besides a quote that verification needs, as Intel signed it, and where it came from. Not verified here. */
export interface CollateralAnswer extends Readonly<Omit<CollateralBundle, "pck_certificate_chain">> {
  readonly schema: "mero-tee/collateral/1";
  readonly fmspc: string;
  readonly ca: "platform" | "processor";
  readonly update: "standard" | "early";
  /** The end of what ends first, RFC 3339. */
  readonly next_update_min: string;
  readonly fetched_at: string;
  readonly source: string;
  readonly stale: boolean;
}

/** Judges a set of collateral. Source: docs/verifier-api.md; docs/verification.md. */
export const collateralAnswerSchema: z.ZodType<CollateralAnswer> = z.strictObject({
  schema: z.literal("mero-tee/collateral/1"),
  fmspc: z.string().regex(/^[0-9a-f]{12}$/),
  ca: z.enum(["platform", "processor"]),
  update: z.enum(["standard", "early"]),
  next_update_min: z.string(),
  fetched_at: z.string(),
  source: z.string(),
  stale: z.boolean(),
  pck_crl_issuer_chain: z.string(),
  root_ca_crl: z.string(),
  pck_crl: z.string(),
  tcb_info_issuer_chain: z.string(),
  tcb_info: z.string(),
  tcb_info_signature: z.string(),
  qe_identity_issuer_chain: z.string(),
  qe_identity: z.string(),
  qe_identity_signature: z.string(),
});
