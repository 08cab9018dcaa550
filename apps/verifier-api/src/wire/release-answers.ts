import { z } from "zod";

/** A released file with everything that says who signed it. `bundle` is the parsed Sigstore bundle. */
export interface AssetEnvelope {
  readonly asset: string;
  readonly tag: string;
  readonly bytes_b64: string;
  readonly sha256: string;
  readonly bundle: unknown;
  readonly sig_b64: string | null;
  readonly cert_pem: string | null;
  readonly source_url: string;
  readonly fetched_at: string;
}

/** Judges an envelope. Source: docs/verifier-api.md. */
export const assetEnvelopeSchema: z.ZodType<AssetEnvelope> = z.strictObject({
  asset: z.string(),
  tag: z.string(),
  bytes_b64: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bundle: z.unknown(),
  sig_b64: z.string().nullable(),
  cert_pem: z.string().nullable(),
  source_url: z.string(),
  fetched_at: z.string(),
});

/** One release of a family, as its host lists it. */
interface ListedRelease {
  readonly tag: string;
  readonly version: string;
  readonly published_at: string;
  readonly prerelease: boolean;
  /** Whether it is the newest that is no prerelease. */
  readonly newest: boolean;
  readonly assets: readonly string[];
}

/** The releases of a family, the newest version first. */
export interface ReleaseList {
  readonly family: "kms" | "node";
  readonly releases: readonly ListedRelease[];
  readonly fetched_at: string;
  readonly stale: boolean;
}

/** Judges a list of releases. Source: docs/verifier-api.md. */
export const releaseListSchema: z.ZodType<ReleaseList> = z.strictObject({
  family: z.enum(["kms", "node"]),
  releases: z.array(
    z.strictObject({
      tag: z.string(),
      version: z.string(),
      published_at: z.string(),
      prerelease: z.boolean(),
      newest: z.boolean(),
      assets: z.array(z.string()),
    }),
  ),
  fetched_at: z.string(),
  stale: z.boolean(),
});
