import { z } from "zod";

/**
 * The members of `POST /api/verify`, both spellings of each; others are ignored, for a bare attestation object counts as a
 * whole body. An empty text counts as absent.
 *
 * Source: docs/verifier-api.md.
 */
export interface VerifyRequestBody {
  readonly v?: number | undefined;
  readonly kms_url?: string | undefined;
  readonly kmsUrl?: string | undefined;
  readonly node_url?: string | undefined;
  readonly nodeUrl?: string | undefined;
  readonly attestation?: Readonly<Record<string, unknown>> | undefined;
  readonly nonce_b64?: string | undefined;
  readonly nonceB64?: string | undefined;
  readonly nonce?: string | undefined;
  readonly binding_b64?: string | undefined;
  readonly bindingB64?: string | undefined;
  readonly application_id?: string | undefined;
  readonly application_hash?: string | undefined;
  readonly release_tag?: string | undefined;
  readonly releaseTag?: string | undefined;
  readonly profile?: string | undefined;
  readonly ita?: boolean | undefined;
  readonly collateral?: boolean | undefined;
}

const text = z.string().optional();

/** Judges a body's types; what the texts mean is read afterwards. */
export const verifyRequestSchema: z.ZodType<VerifyRequestBody> = z.looseObject({
  v: z.int().optional(),
  kms_url: text,
  kmsUrl: text,
  node_url: text,
  nodeUrl: text,
  attestation: z.record(z.string(), z.unknown()).optional(),
  nonce_b64: text,
  nonceB64: text,
  nonce: text,
  binding_b64: text,
  bindingB64: text,
  application_id: text,
  application_hash: text,
  release_tag: text,
  releaseTag: text,
  profile: text,
  ita: z.boolean().optional(),
  collateral: z.boolean().optional(),
});
