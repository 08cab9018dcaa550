import type { Failure, VerifiedQuote } from "@mero-tee/tdx-quote";
import type { Result } from "@mero-tee/tdx-quote/result";
import { flipBit } from "../../src/byte-writer.ts";
import { plannedBits, plannedBytes, type FlipPlan } from "./flip-plan.ts";
import type { Part } from "./part.ts";
import { UNAUTHENTICATED, type Flip, type Unauthenticated } from "./unauthenticated.ts";
import { verdictDifferences } from "./verdict-differences.ts";
import type { Attempt, World } from "./world.ts";

/** A flip that did not come out as the table says. */
interface Survivor {
  readonly world: string;
  readonly part: string;
  readonly region: string;
  readonly offset: number;
  readonly bit: number;
  /** What happened, and what should have. */
  readonly problem: string;
}

/** What the flips of one region, or of one row of the table, came to. */
export interface Tally {
  bytes: number;
  flips: number;
  accepted: number;
  /** Refusals, by `stage/code`. */
  readonly refusals: Map<string, number>;
}

/** What was seen of one row of the table. */
interface RowTally extends Tally {
  /** Fields of the verified quote that were seen to differ. */
  readonly changed: Set<string>;
}

/** What a sweep saw. Plain data, so that threads can hand it over. */
export interface SweepResult {
  /** By `part, region`. */
  readonly regions: Map<string, Tally>;
  /** By the id of the row. */
  readonly rows: Map<string, RowTally>;
  readonly survivors: Survivor[];
}

/** Nothing seen yet. */
export function emptyResult(): SweepResult {
  return { regions: new Map(), rows: new Map(), survivors: [] };
}

function emptyTally(): Tally {
  return { bytes: 0, flips: 0, accepted: 0, refusals: new Map() };
}

function tallyOf<T extends Tally>(tallies: Map<string, T>, name: string, empty: () => T): T {
  const tally = tallies.get(name) ?? empty();
  tallies.set(name, tally);
  return tally;
}

const emptyRow = (): RowTally => ({ ...emptyTally(), changed: new Set() });

function addTally(into: Tally, from: Tally): void {
  into.bytes += from.bytes;
  into.flips += from.flips;
  into.accepted += from.accepted;
  for (const [code, count] of from.refusals) into.refusals.set(code, (into.refusals.get(code) ?? 0) + count);
}

/** Adds what another sweep saw. */
export function addResult(into: SweepResult, from: SweepResult): void {
  for (const [name, tally] of from.regions) addTally(tallyOf(into.regions, name, emptyTally), tally);
  for (const [name, tally] of from.rows) {
    const row = tallyOf(into.rows, name, emptyRow);
    addTally(row, tally);
    for (const path of tally.changed) row.changed.add(path);
  }
  into.survivors.push(...from.survivors);
}

/** How a sweep judges what it changed. */
type Judge = (attempt: Attempt) => Promise<Result<VerifiedQuote, Failure>>;

/** Which bytes of a part a call looks at. */
export interface SweepOrder {
  readonly plan: FlipPlan;
  readonly judge: Judge;
  /** Among the bytes of the part's regions, from 0; all where absent. */
  readonly from?: number;
  readonly to?: number;
}

/** What is wrong with a verdict, null when nothing is; notes what differs. */
function problemOf(
  verdict: Result<VerifiedQuote, Failure>,
  world: World,
  row: Unauthenticated | undefined,
  changed: Set<string> | undefined,
): string | null {
  if (!verdict.ok) {
    const { stage, code } = verdict.error;
    return row === undefined ? null : `refused (${stage}/${code}), though the table says ${row.id}`;
  }
  if (row === undefined) return "accepted, and no row of the table says so";
  const differences = verdictDifferences(world.verdict, verdict.value);
  for (const path of differences) changed?.add(path);
  const unexpected = differences.filter((path) => !row.mayChange.includes(path));
  return unexpected.length === 0 ? null : `accepted (${row.id}), but these differ: ${unexpected.join(", ")}`;
}

/**
 * Turns bits of a part over, one at a time, and compares every verdict with the table, both ways: what a row covers must be accepted
 * with the same result, everything else must be refused.
 */
export async function sweepPart(
  world: World,
  part: Part,
  { plan, judge, from = 0, to = Infinity }: SweepOrder,
  table: readonly Unauthenticated[] = UNAUTHENTICATED,
): Promise<SweepResult> {
  const result = emptyResult();
  for (const { offset, region } of plannedBytes(part).slice(from, to)) {
    const bits = plannedBits(plan, offset);
    const tally = tallyOf(result.regions, `${part.name}, ${region}`, emptyTally);
    if (bits.length > 0) tally.bytes += 1;
    const rowsHere = new Set<RowTally>();
    for (const bit of bits) {
      const flip: Flip = { world: world.name, part, region, offset, bit };
      const row = table.find((candidate) => candidate.covers(flip));
      const rowTally = row && tallyOf(result.rows, row.id, emptyRow);
      const verdict = await judge(part.assemble(flipBit(part.bytes, offset, bit)));
      const problem = problemOf(verdict, world, row, rowTally?.changed);
      if (problem !== null) {
        result.survivors.push({ world: world.name, part: part.name, region, offset, bit, problem });
      }
      for (const counted of rowTally === undefined ? [tally] : [tally, rowTally]) {
        counted.flips += 1;
        if (verdict.ok) counted.accepted += 1;
        else {
          const code = `${verdict.error.stage}/${verdict.error.code}`;
          counted.refusals.set(code, (counted.refusals.get(code) ?? 0) + 1);
        }
      }
      if (rowTally !== undefined) rowsHere.add(rowTally);
    }
    for (const rowTally of rowsHere) rowTally.bytes += 1;
  }
  return result;
}

/** What a whole sweep shows about the table itself: a row that nothing needed, or that allows a field that never differs. */
export function staleRows({ rows }: SweepResult, table: readonly Unauthenticated[] = UNAUTHENTICATED): string[] {
  return table.flatMap(({ id, mayChange }) => {
    const row = rows.get(id);
    if (row === undefined || row.accepted === 0) return [`${id}: no flip that it covers was tried and accepted`];
    return mayChange.filter((path) => !row.changed.has(path)).map((path) => `${id}: ${path} never differed`);
  });
}
