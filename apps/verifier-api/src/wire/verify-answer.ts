import { z } from "zod";
import { type CollateralAnswer, collateralAnswerSchema } from "./collateral-answer.ts";

/** What the second opinion came to; `detail` is a sentence or null. */
export interface ItaState {
  readonly status: (typeof ITA_STATUSES)[number];
  readonly detail: string | null;
  readonly region: (typeof ITA_REGIONS)[number] | null;
}

const ITA_STATUSES = ["ok", "not_configured", "not_requested", "rejected", "unavailable"] as const;

/** Where Intel Trust Authority is asked. */
export const ITA_REGIONS = ["us", "eu", "pilot"] as const;

/** How the evidence was fetched. */
export interface Fetched {
  readonly kind: "kms" | "node";
  readonly url: string;
  readonly remote_address: string;
  readonly status: number;
  readonly bytes: number;
  readonly elapsed_ms: number;
  readonly tls: FetchedTls | null;
}

/** The TLS session; `authorized` is false only for a node, whose certificate may be its own. */
interface FetchedTls {
  readonly protocol: string;
  readonly spki_sha256: string;
  readonly authorized: boolean;
}

/** The appraisal as this server made it, for scripts. A browser makes its own. */
export interface ServerReport {
  readonly verdict: string;
  readonly steps: readonly unknown[];
  readonly core_version: string;
}

/** What a target said, without members that no step knows. Nothing in it is verified. */
export interface AttestationMembers {
  readonly quoteB64: string;
  readonly reportDataHex?: string | undefined;
  readonly quote?: unknown;
  readonly eventLog?: unknown;
  readonly vmConfig?: unknown;
}

/** The answer of `POST /api/verify`. Source: docs/verifier-api.md. */
export interface VerifyAnswer {
  readonly schema: "mero-tee/verify-response/2";
  readonly attestation: AttestationMembers;
  readonly ita_response: { readonly token: string } | null;
  readonly ita_token: string | null;
  readonly ita_token_verified: boolean;
  readonly ita_claims: Readonly<Record<string, unknown>> | null;
  readonly nonce_verified: boolean | null;
  readonly nonce_b64: string | null;
  readonly nonce_source: "client" | "server" | "none";
  readonly ita: ItaState;
  readonly fetched: Fetched | null;
  readonly collateral: CollateralAnswer | null;
  readonly collateral_early: CollateralAnswer | null;
  readonly server_report: ServerReport | null;
  readonly request_id: string;
}

const itaTokenSchema = z.strictObject({ token: z.string() });

/** Judges the answer of `POST /api/verify`. */
export const verifyAnswerSchema: z.ZodType<VerifyAnswer> = z.strictObject({
  schema: z.literal("mero-tee/verify-response/2"),
  attestation: z.strictObject({
    quoteB64: z.string(),
    reportDataHex: z.string().optional(),
    quote: z.unknown().optional(),
    eventLog: z.unknown().optional(),
    vmConfig: z.unknown().optional(),
  }),
  ita_response: itaTokenSchema.nullable(),
  ita_token: z.string().nullable(),
  ita_token_verified: z.boolean(),
  ita_claims: z.record(z.string(), z.unknown()).nullable(),
  nonce_verified: z.boolean().nullable(),
  nonce_b64: z.string().nullable(),
  nonce_source: z.enum(["client", "server", "none"]),
  ita: z.strictObject({
    status: z.enum(ITA_STATUSES),
    detail: z.string().nullable(),
    region: z.enum(ITA_REGIONS).nullable(),
  }),
  fetched: z
    .strictObject({
      kind: z.enum(["kms", "node"]),
      url: z.string(),
      remote_address: z.string(),
      status: z.int(),
      bytes: z.int(),
      elapsed_ms: z.int(),
      tls: z
        .strictObject({
          protocol: z.string(),
          spki_sha256: z.string().regex(/^[0-9a-f]{64}$/),
          authorized: z.boolean(),
        })
        .nullable(),
    })
    .nullable(),
  collateral: collateralAnswerSchema.nullable(),
  collateral_early: collateralAnswerSchema.nullable(),
  server_report: z
    .strictObject({ verdict: z.string(), steps: z.array(z.unknown()), core_version: z.string() })
    .nullable(),
  request_id: z.string(),
});
