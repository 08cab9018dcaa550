import { adviceFor } from "./advice.ts";
import type { DiagnosisCheck, Finding, FindingCode } from "./finding.ts";

/** Something that is in order. */
export function fine(check: DiagnosisCheck, message: string): Finding {
  return { check, status: "ok", code: null, message, advice: null };
}

/** Something that could not be looked at. */
export function skipped(check: DiagnosisCheck, reason: string): Finding {
  return { check, status: "skipped", code: null, message: sentence(`not looked at: ${reason}`), advice: null };
}

/** Something under which keys are released all the same. */
export function warning(check: DiagnosisCheck, code: FindingCode, message: string): Finding {
  return { check, status: "warning", code, message, advice: adviceFor(code) };
}

/** Something that keeps keys from being released. */
export function failed(check: DiagnosisCheck, code: FindingCode, message: string): Finding {
  return { check, status: "failed", code, message, advice: adviceFor(code) };
}

/** A clause as a sentence. */
export function sentence(clause: string): string {
  const text = clause.replace(/\.$/, "");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
