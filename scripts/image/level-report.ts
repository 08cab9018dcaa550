import type { Finding, Level } from "./level.ts";

/** What a level found out, in the order in which it did. */
export interface LevelReport {
  readonly level: Level;
  readonly findings: readonly Finding[];
}

/** Counts of a level; a level that found out nothing has failed. */
export function countLevel({ findings }: LevelReport): {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
} {
  const sum = (of: (finding: Finding) => number): number => findings.reduce((total, one) => total + of(one), 0);
  const failed = sum(({ problems }) => problems.length);
  return {
    passed: sum(({ passed }) => passed),
    failed: findings.length === 0 ? 1 : failed,
    skipped: sum(({ skipped }) => skipped),
  };
}

/** `roles: 63 passed, 0 failed`, and how many did not run where there are such. */
export function levelLine(report: LevelReport): string {
  const { passed, failed, skipped } = countLevel(report);
  return `${report.level}: ${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

function cellOf({ passed, problems, seconds }: Finding): string {
  const mark = problems.length > 0 ? "✗" : passed === 0 ? "–" : "✓";
  return [mark, ...(passed > 1 ? [String(passed)] : []), ...(seconds >= 1 ? [`${seconds.toFixed(0)} s`] : [])].join(
    " ",
  );
}

/** A level as a table of steps by profiles, then what was seen and what did not hold. */
export function levelTable({ level, findings }: LevelReport): string {
  const columns = [...new Set(findings.map(({ profile }) => profile))];
  const rows = [...new Set(findings.map(({ name }) => name))].map((name) => [
    name,
    ...columns.map((column) => {
      const found = findings.find((one) => one.name === name && one.profile === column);
      return found === undefined ? "" : cellOf(found);
    }),
  ]);
  const table = [[level, ...columns.map((column) => column ?? "")], ...rows];
  const widths = [level, ...columns].map((_, index) => Math.max(...table.map((row) => row[index]?.length ?? 0)));
  const lines = table.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  for (const { name, profile, seen, problems } of findings) {
    const about = profile === null ? name : `${name}, ${profile}`;
    for (const line of seen) lines.push(`  ${about}: ${line}`);
    for (const problem of problems) lines.push(`✗ ${about}: ${problem}`);
  }
  return lines.join("\n");
}
