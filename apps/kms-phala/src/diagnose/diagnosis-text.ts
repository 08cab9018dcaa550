import { CODES_PAGE } from "@mero-tee/release-artifacts";
import type { Diagnosis } from "./finding.ts";

/** A diagnosis as plain lines: how each check stands, with its code, what to do, and where to read more. */
export function diagnosisText({ healthy, findings }: Diagnosis): string {
  const lines = findings.flatMap(({ check, status, code, message, advice }) => [
    `${status.padEnd(7)}  ${check}: ${message}${code === null ? "" : ` [${code}]`}`,
    ...(advice === null ? [] : [`         do: ${advice}`]),
    ...(code === null ? [] : [`         more: ${CODES_PAGE}#${code}`]),
  ]);
  return `${[...lines, healthy ? "Keys can be released." : "No key can be released."].join("\n")}\n`;
}
