/** Codes of findings that only the command makes; those of the KMS pass through. Closed, and documented in `docs/errors.md`. */
export const DOCTOR_CODES = ["readiness-absent", "clock-differs"] as const;

/** How something that was looked at stands. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string;
  /** `failed`: no key can be released; `warning`: one can, under a condition; `skipped`: it could not be looked at. */
  readonly status: "ok" | "warning" | "failed" | "skipped";
  readonly code: string | null;
  /** One sentence, printable. */
  readonly message: string;
  /** What to do; null where there is nothing to do. */
  readonly advice: string | null;
}

/** Something that is in order. */
export function fine(check: string, message: string): Finding {
  return { check, status: "ok", code: null, message, advice: null };
}

/** Something that could not be looked at, and why. */
export function skipped(check: string, message: string): Finding {
  return { check, status: "skipped", code: null, message, advice: null };
}
