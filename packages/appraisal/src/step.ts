import type { StepCode } from "./appraisal-code.ts";

/**
 * The steps of an appraisal, in the order in which they are shown. `verdict` is the last one and rests on all others.
 *
 * Source: docs/verifier.md.
 */
export const STEP_IDS = [
  "input.parse",
  "quote.parse",
  "src.side-fields",
  "fresh.nonce",
  "fresh.binding",
  "dcap.chain",
  "dcap.crl",
  "dcap.qe",
  "dcap.sig",
  "dcap.collateral",
  "tcb.status",
  "tcb.advisories",
  "tcb.baseline",
  "td.attributes",
  "td.module",
  "log.parse",
  "log.rtmr0",
  "log.rtmr1",
  "log.rtmr2",
  "log.rtmr3",
  "app.compose-hash",
  "app.mrconfigid",
  "app.key-provider",
  "rel.select",
  "rel.sigstore",
  "rel.measurements",
  "rel.profile",
  "rel.compat",
  "ita.token",
  "ita.claims",
  "env.clock",
  "chan.binding",
  "verdict",
] as const;

/** One of {@link STEP_IDS}. */
export type StepId = (typeof STEP_IDS)[number];

/**
 * `pass` checked and holds. `warn` holds, but the reader must know something. `fail` checked and does not hold. `skip` not
 * evaluated: an input is absent or a dependency did not pass. `error` not evaluated: infrastructure failed. `info` never
 * influences the verdict. `pending` and `running` only while an appraisal is under way.
 */
export const STEP_STATUSES = ["pass", "warn", "fail", "skip", "error", "info", "pending", "running"] as const;

/** One of {@link STEP_STATUSES}. */
export type StepStatus = (typeof STEP_STATUSES)[number];

/** Where a shown value was taken from. `side-field` values are claims of the sender, and never evidence. */
export type EvidenceSource = "quote" | "collateral" | "log" | "release" | "ita" | "user" | "side-field";

/** How a shown value is spelled. `time` is RFC 3339 in UTC. */
export type EvidenceEncoding = "text" | "hex" | "base64" | "time" | "number" | "json";

/** One value that a step looked at. Values from outside may hold any text: they are to be rendered as text. */
export interface EvidenceItem {
  readonly label: string;
  readonly value: string;
  readonly encoding: EvidenceEncoding;
  readonly source: EvidenceSource;
}

/** One step of an appraisal, as it is shown and exported. */
export interface Step {
  readonly id: StepId;
  readonly title: string;
  readonly status: StepStatus;
  /** Whether this appraisal cannot be `verified` without it. */
  readonly required: boolean;
  /** One sentence: what was compared with what. */
  readonly summary: string;
  /** What an attacker could do if this were not checked. */
  readonly why?: string;
  readonly evidence: readonly EvidenceItem[];
  /** Present where a step does not simply hold. */
  readonly code?: StepCode;
  readonly durationMs: number;
  readonly dependsOn: readonly StepId[];
}

/** What a step function finds; the rest of a {@link Step} is the same for every appraisal. */
export interface Finding {
  readonly status: Exclude<StepStatus, "pending" | "running">;
  readonly summary: string;
  readonly code?: StepCode;
  readonly evidence?: readonly EvidenceItem[];
}
