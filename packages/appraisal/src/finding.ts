import type { StepCode } from "./appraisal-code.ts";
import type { EvidenceEncoding, EvidenceItem, EvidenceSource, Finding } from "./step.ts";

type Evidence = readonly EvidenceItem[];

/** It was checked, and holds. */
export function pass(summary: string, evidence: Evidence = []): Finding {
  return { status: "pass", summary, evidence };
}

/** It holds, but the reader must know something. */
export function warn(code: StepCode, summary: string, evidence: Evidence = []): Finding {
  return { status: "warn", code, summary, evidence };
}

/** It was checked, and does not hold. */
export function fail(code: StepCode, summary: string, evidence: Evidence = []): Finding {
  return { status: "fail", code, summary, evidence };
}

/** It was not evaluated: an input is absent, or it is not about this kind of evidence. */
export function skip(summary: string, code?: StepCode, evidence: Evidence = []): Finding {
  return { status: "skip", summary, evidence, ...(code === undefined ? {} : { code }) };
}

/** It was not evaluated, because something that was asked for did not come. */
export function unavailable(code: StepCode, summary: string, evidence: Evidence = []): Finding {
  return { status: "error", code, summary, evidence };
}

/** It says something, and decides nothing. */
export function info(summary: string, evidence: Evidence = [], code?: StepCode): Finding {
  return { status: "info", summary, evidence, ...(code === undefined ? {} : { code }) };
}

/** One value for the reader. */
export function item(
  label: string,
  value: string | number,
  source: EvidenceSource,
  encoding: EvidenceEncoding = typeof value === "number" ? "number" : "text",
): EvidenceItem {
  return { label, value: String(value), encoding, source };
}
