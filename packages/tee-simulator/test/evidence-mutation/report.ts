import type { FlipPlan } from "./flip-plan.ts";
import { staleRows, type SweepResult, type Tally } from "./sweep.ts";
import { UNAUTHENTICATED } from "./unauthenticated.ts";

/** What a sweep found wrong: flips against the table, and, when every bit was tried, rows that the evidence does not need. */
export function findings(result: SweepResult, plan: FlipPlan): readonly string[] {
  const survivors = result.survivors.map(
    ({ world, part, region, offset, bit, problem }) =>
      `${world}: ${part}, ${region}, byte ${offset}, bit ${bit}: ${problem}`,
  );
  return plan === "every-bit" ? [...survivors, ...staleRows(result)] : survivors;
}

function codes({ refusals }: Tally): string {
  return [...refusals]
    .toSorted(([, one], [, two]) => two - one)
    .map(([code, count]) => `${code} ${count}`)
    .join(", ");
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (/^\d+$/.test(cell) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(columns), ...rows.map(line)].join("\n");
}

function sum(tallies: Iterable<Tally>): Tally {
  const total: Tally = { bytes: 0, flips: 0, accepted: 0, refusals: new Map() };
  for (const { bytes, flips, accepted } of tallies) {
    total.bytes += bytes;
    total.flips += flips;
    total.accepted += accepted;
  }
  return total;
}

function counts(tally: Tally): readonly string[] {
  return [tally.bytes, tally.flips, tally.flips - tally.accepted, tally.accepted].map(String);
}

/** The closing tables: regions with what refused their changes, then the rows of the table of unauthenticated bytes. */
export function formatSweep(result: SweepResult): string {
  const numbers = ["bytes", "flips", "refused", "accepted"];
  const regions = [...result.regions].map(([name, tally]) => [name, ...counts(tally), codes(tally)]);
  const total = ["together", ...counts(sum(result.regions.values())), ""];
  const rows = UNAUTHENTICATED.map(({ id }) => {
    const tally = result.rows.get(id);
    return [id, ...(tally === undefined ? ["0", "0", "0", "0"] : counts(tally))];
  });
  return `${table(["region", ...numbers, "refused by"], [...regions, total])}\n\n${table(["not authenticated", ...numbers], rows)}\n`;
}

function plain(tallies: ReadonlyMap<string, Tally>): readonly object[] {
  return [...tallies].map(([name, { bytes, flips, accepted, refusals }]) => ({
    name,
    bytes,
    flips,
    refused: flips - accepted,
    accepted,
    refusals: Object.fromEntries(refusals),
  }));
}

/** The same as plain data. */
export function sweepDocument(result: SweepResult, plan: FlipPlan): object {
  return {
    schemaVersion: 1,
    plan,
    regions: plain(result.regions),
    unauthenticated: plain(result.rows),
    findings: findings(result, plan),
  };
}
