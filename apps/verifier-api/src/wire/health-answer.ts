import { z } from "zod";

/** How the service stands. */
export interface HealthAnswer {
  readonly status: "ok" | "degraded";
  readonly version: string;
  readonly commit: string;
  readonly core_version: string;
  readonly time: string;
  readonly checks: {
    readonly ita: "configured" | "absent";
    readonly releases: SourceState;
    readonly collateral: SourceState;
    /** `ok`, or the settings at fault. */
    readonly config: "ok" | readonly string[];
    /** Where rate limits are counted. */
    readonly rate_limits: "memory" | "shared";
  };
}

const SOURCE_STATES = ["ok", "stale", "down"] as const;

/** How the latest attempts at a source ended; `ok` also before the first. */
export type SourceState = (typeof SOURCE_STATES)[number];

/** Judges the answer of `GET /api/health`. Source: docs/verifier-api.md. */
export const healthSchema: z.ZodType<HealthAnswer> = z.strictObject({
  status: z.enum(["ok", "degraded"]),
  version: z.string(),
  commit: z.string(),
  core_version: z.string(),
  time: z.string(),
  checks: z.strictObject({
    ita: z.enum(["configured", "absent"]),
    releases: z.enum(SOURCE_STATES),
    collateral: z.enum(SOURCE_STATES),
    config: z.union([z.literal("ok"), z.array(z.string())]),
    rate_limits: z.enum(["memory", "shared"]),
  }),
});
