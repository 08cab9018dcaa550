import type { TargetReport } from "./supervise.ts";

/** Fewer executions say nothing about the share of accepted inputs. */
const ENOUGH_EXECUTIONS = 1000;

/** Why a target's run proves little, or null when it does not: inputs that all end alike never reach what lies behind. */
export function uselessness({ executions, accepted }: TargetReport): string | null {
  if (executions < ENOUGH_EXECUTIONS) return null;
  if (accepted === 0) return "no input was accepted";
  return accepted === executions ? "every input was accepted" : null;
}

/** Whether every target kept its promises, and was really tried. */
export function hasPassed(reports: readonly TargetReport[]): boolean {
  return reports.every((report) => report.findings.length === 0 && uselessness(report) === null);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}

const COLUMNS = ["target", "executions", "per second", "accepted", "outcomes", "findings"] as const;

/** The table at the end of a run. */
export function formatReports(reports: readonly TargetReport[]): string {
  const rows = reports.map((report) => [
    report.target,
    String(report.executions),
    (report.executions / Math.max(report.seconds, 0.001)).toFixed(0),
    percent(report.accepted, report.executions),
    String(report.outcomes.length),
    String(report.findings.length),
  ]);
  const widths = COLUMNS.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join("  ");
  const notes = reports.flatMap((report) => {
    const useless = uselessness(report);
    return useless === null ? [] : [`${report.target}: ${useless}, so this run proves little`];
  });
  return `${[line(COLUMNS), ...rows.map(line), ...notes].join("\n")}\n`;
}
