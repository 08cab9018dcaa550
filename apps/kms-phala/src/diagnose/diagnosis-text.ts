import type { Diagnosis } from "./finding.ts";

/** A diagnosis as plain lines: how each check stands, with its code, and what to do. */
export function diagnosisText({ healthy, findings }: Diagnosis): string {
  const lines = findings.flatMap(({ check, status, code, message, advice }) => [
    `${status.padEnd(7)}  ${check}: ${message}${code === null ? "" : ` [${code}]`}`,
    ...(advice === null ? [] : [`         do: ${advice}`]),
  ]);
  return `${[...lines, healthy ? "Keys can be released." : "No key can be released."].join("\n")}\n`;
}
