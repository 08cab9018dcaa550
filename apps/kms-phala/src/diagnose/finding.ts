import type { FailureCode } from "@mero-tee/tdx-quote";
import type { SharedSetError } from "../challenge/shared-spent-set.ts";
import type { ConfigProblem } from "../config/settings.ts";
import type { GuestAgentError } from "../guest-agent.ts";
import type { ReadinessCode } from "../observe/readiness-report.ts";
import type { PolicySourceError } from "../policy/policy-source.ts";

/** What is looked at, in the order in which it is reported. */
export const DIAGNOSIS_CHECKS = [
  "configuration",
  "guest agent",
  "TLS",
  "policy",
  "collateral",
  "Redis",
  "clock",
  "audit file",
  "ports",
] as const;

/** One of {@link DIAGNOSIS_CHECKS}. */
export type DiagnosisCheck = (typeof DIAGNOSIS_CHECKS)[number];

/** Codes that only a diagnosis has. Closed, and documented in `docs/errors.md`. */
export const DIAGNOSIS_CODES = [
  "setting-warning",
  "settings-file-unusable",
  "platform-tcb-behind",
  "tls-certificate-unusable",
  "listen-address-taken",
  "listen-address-unusable",
] as const;

/** Why a finding is one: the codes of what the service is made of, and {@link DIAGNOSIS_CODES}. */
export type FindingCode =
  | (typeof DIAGNOSIS_CODES)[number]
  | ConfigProblem["code"]
  | GuestAgentError["code"]
  | PolicySourceError["code"]
  | SharedSetError["code"]
  | ReadinessCode
  | FailureCode;

/** How something that was looked at stands. */
export interface Finding {
  readonly check: DiagnosisCheck;
  /** `failed`: no key can be released; `warning`: keys are released, under a condition; `skipped`: it could not be looked at. */
  readonly status: "ok" | "warning" | "failed" | "skipped";
  readonly code: FindingCode | null;
  /** One sentence, without secrets. */
  readonly message: string;
  /** What to do; null where there is nothing to do. */
  readonly advice: string | null;
}

/** What was found, at least one finding for each check. */
export interface Diagnosis {
  /** Whether nothing failed. */
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}
